/**
 * What ten million users and sessions change, on the service as an operator runs it. `GROWTH_ROWS` makes them fewer for
 * a look. The service, PostgreSQL and the load share the machine. Prints what it measures; `docs/growth.md` reads it.
 */
import assert from 'node:assert/strict'
import { availableParallelism, totalmem } from 'node:os'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bytesOf,
  type Counted,
  count,
  countWhen,
  describeWeight,
  median,
  quantile,
  type Weight,
  walEnd,
  weigh,
} from './growth/figures.ts'
import type { ClosedReport, Kind, OpenReport, Side } from './growth/load.ts'
import { insertOthers, otherTables } from './growth/other-rows.ts'
import { insertRows } from './growth/rows.ts'
import { allowPurge, createWorld, type Grounds, type World } from './growth/world.ts'

const rows = Number(process.env.GROWTH_ROWS ?? 10_000_000)
const refreshes = Number(process.env.GROWTH_REFRESHES ?? rows / 10)
const rounds = Number(process.env.GROWTH_ROUNDS ?? 6)
const roundSeconds = 5
const connections = 32
/** Of the purge's load, half of them `me`, half `refresh`: far from what the machine can do, as a service should be. */
const perSecond = 400
const kinds: readonly Kind[] = ['me', 'refresh']
const tables = ['users', 'sessions'] as const

/** For how long something may take that every row is looked at for, in seconds: several times what it takes as a rule. */
const patience = Math.max(600, rows / 5000)

/** How much of the sessions is used all day: not less than a thousand, that the load's connections find free ones. */
const busy = Math.max(0.01, 2000 / rows)

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`

test(`${rows} users and sessions`, async (t) => {
  const say = (line: string) => t.diagnostic(line)
  const from = performance.now()
  await using world = await createWorld({ small: 1000, grown: 20 })
  const phase = async (name: string, body: (t: TestContext) => Promise<void>) => {
    const began = performance.now()
    await t.test(name, body)
    say(`(${((performance.now() - began) / 1000).toFixed(0)} s)`)
  }
  say(`${availableParallelism()} cores, ${megabytes(totalmem())} of memory`)

  await phase('are found by their keys from the first row on, by a process that served when there was none', (t) =>
    grow(t, world),
  )
  await phase('take the space that their columns account for', (t) => weighAll(t, world))
  await phase('leave me at least four fifths of its speed on an empty database', (t) => compare(t, world))
  await phase(`leave refresh as fast within a tenth, and no bloat, when it comes ${refreshes} times`, (t) =>
    refreshMany(t, world),
  )
  await phase('are purged of the dead without anybody noticing', (t) => purge(t, world))
  say(`${((performance.now() - from) / 60_000).toFixed(1)} minutes in all`)
})

async function scansOf({ client }: Grounds): Promise<Record<(typeof tables)[number], number>> {
  const [users, sessions] = [await count(client, 'users'), await count(client, 'sessions')]
  return { users: users.seqScans, sessions: sessions.seqScans }
}

/**
 * Plans that connections keep are the danger here: one made while a table had a single page reads that page, and would
 * go on to read them all until statistics are gathered. Autovacuum gathers them as it comes, within two minutes.
 */
async function grow(t: TestContext, { grown, small, aim, closed, open, set }: World): Promise<void> {
  const calls = 3000
  await set('full_page_writes', 'off')
  await grown.client.query('VACUUM (ANALYZE) users, sessions')
  await set('autovacuum', 'on')
  await aim('grown')
  for (const kind of kinds) await closed({ side: 'grown', kind, connections: 4, calls: 1000 })
  const meanwhile = open({ side: 'grown', connections: 4, perSecond: 40 })
  const began = performance.now()
  const plan = { rows, first: grown.plan.rows }
  await insertRows(grown.url, plan.first + 1, rows, plan)
  t.diagnostic(`made in ${((performance.now() - began) / 1000).toFixed(0)} s`)
  for (const name of tables) await countWhen(grown.client, name, ({ analyzes }) => analyzes > 0, 180)
  const served = await meanwhile.stop()
  grown.plan = plan
  await aim('grown')
  for (const kind of kinds) {
    const spread = [0.5, 0.99, 1].map((q) => quantile(served[kind].ms, q).toFixed(1)).join(' / ')
    t.diagnostic(`${kind} meanwhile: ${served[kind].ms.length} calls, p50/p99/max ${spread} ms`)
  }

  // The process of the first twenty rows, its connections, and what they have prepared.
  const before = await scansOf(grown)
  const { updates } = await count(grown.client, 'sessions')
  const reports: ClosedReport[] = []
  for (const kind of kinds) reports.push(await closed({ side: 'grown', kind, connections, calls }))
  await countWhen(grown.client, 'sessions', (now) => now.updates >= updates + 0.8 * calls, 15)
  const after = await scansOf(grown)
  await set('autovacuum', 'off')
  await set('full_page_writes', 'on')
  for (const { client } of [small, grown]) await client.query('VACUUM (ANALYZE)')
  await grown.client.query('CHECKPOINT')

  const scans = tables.map((name) => after[name] - before[name])
  t.diagnostic(`tables read from end to end in ${kinds.length * calls} calls: ${scans.join(', ')} times`)
  const failed = served.failed + reports.reduce((sum, report) => sum + report.failed, 0)
  assert.equal(failed, 0)
  // Some of before are told of only now. One statement is for many calls.
  assert.ok(Math.max(...scans) < 20, `${scans} scans`)
}

async function weighAll(t: TestContext, { grown, aside }: World): Promise<void> {
  const weights: Record<string, Weight> = {}
  for (const name of tables) weights[name] = await weigh(grown.client, name)
  await insertOthers(aside, rows / 10)
  await aside.query('VACUUM (ANALYZE)')
  for (const name of otherTables) weights[name] = await weigh(aside, name)
  for (const [name, weight] of Object.entries(weights)) t.diagnostic(describeWeight(name, weight))
  // The bounds of `docs/growth.md`, where each byte is accounted for.
  const perRow = (name: string) => bytesOf(weights[name] as Weight) / rows
  assert.ok(perRow('users') <= 260, `a user takes ${perRow('users')} bytes`)
  assert.ok(perRow('sessions') <= 440, `a session takes ${perRow('sessions')} bytes`)
}

const describe = ({ calls, perSecond, p50, p99 }: ClosedReport) =>
  `${calls} calls, ${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`

async function compare(t: TestContext, world: World): Promise<void> {
  const sides: readonly Side[] = ['small', 'grown']
  const before = await count(world.grown.client, 'sessions')
  const speeds = { me: { small: [], grown: [] }, refresh: { small: [], grown: [] } } as Record<
    Kind,
    Record<Side, number[]>
  >
  const wal: Record<Side, number[]> = { small: [], grown: [] }
  for (let round = 0; round < rounds; round++) {
    // Processes of one program differ by a tenth for as long as they live, which is more than what is looked for.
    for (const side of sides) {
      await world.restart(side)
      for (const kind of kinds) await world.closed({ side, kind, connections, seconds: 3 })
    }
    for (const kind of kinds) {
      // A B, B A, and so on: what drifts, drifts for both.
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        // Each page that is changed for the first time after a checkpoint is logged as a whole: here all of them are.
        if (kind === 'refresh') await world[side].client.query('CHECKPOINT')
        const start = await walEnd(world[side].client)
        const report = await world.closed({ side, kind, connections, seconds: roundSeconds })
        if (kind === 'refresh') wal[side].push(((await walEnd(world[side].client)) - start) / report.calls)
        speeds[kind][side].push(report.perSecond)
        t.diagnostic(`${kind} ${side}: ${describe(report)}`)
        assert.equal(report.failed, 0)
      }
    }
  }
  t.diagnostic(warmth(before, await count(world.grown.client, 'sessions')))
  for (const side of sides) {
    t.diagnostic(`WAL of a refresh just after a checkpoint, ${side}: ${median(wal[side]).toFixed(0)} bytes`)
  }
  for (const kind of kinds) {
    // Of each round by itself: the machine's own pace changes more from one to the next.
    const ratio = median(speeds[kind].grown.map((one, round) => one / (speeds[kind].small[round] ?? 0)))
    const when = kind === 'refresh' ? ', each time just after a checkpoint' : ''
    t.diagnostic(
      `${kind}: ${median(speeds[kind].grown).toFixed(0)}/s against ${median(speeds[kind].small).toFixed(0)}/s on the small one${when}: ${ratio.toFixed(3)}`,
    )
    // What a refresh takes from one checkpoint to the next is looked at where there are many of them.
    if (kind === 'me') assert.ok(ratio >= 0.8, `me is ${ratio} as fast`)
  }
}

function warmth(before: Counted, after: Counted): string {
  const hit = (what: 'heap' | 'index') => {
    const hits = after[`${what}Hit`] - before[`${what}Hit`]
    return percent(hits, hits + after[`${what}Read`] - before[`${what}Read`])
  }
  return `found in PostgreSQL's own cache: ${hit('heap')} of the pages of sessions, ${hit('index')} of its indexes'`
}

/** Calls a second in all the time that they took. */
function rateOf(reports: readonly ClosedReport[]): number {
  const sum = (of: (report: ClosedReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  return sum(({ calls }) => calls) / sum(({ calls, perSecond }) => calls / perSecond)
}

async function refreshMany(t: TestContext, world: World): Promise<void> {
  const { client } = world.grown
  await client.query('CHECKPOINT')
  const [before, start] = [await weigh(client, 'sessions'), await count(client, 'sessions')]
  const [spread, beside]: [ClosedReport[], ClosedReport[]] = [[], []]
  let wal = 0
  const onGrown = async (share: number) => {
    const from = await walEnd(client)
    spread.push(await world.closed({ side: 'grown', kind: 'refresh', connections, calls: refreshes / 10, share }))
    wal += (await walEnd(client)) - from
  }
  const onSmall = async () => {
    beside.push(await world.closed({ side: 'small', kind: 'refresh', connections, seconds: roundSeconds }))
  }
  // Half of them over all sessions, half over those that are used all day; the small database in turn: A B, B A.
  for (let turn = 0; turn < 5; turn++) {
    await onGrown(1)
    await onSmall()
    await onSmall()
    await onGrown(busy)
  }
  const [grown, small] = [rateOf(spread), rateOf(beside)]
  const ratio = grown / small
  t.diagnostic(`refresh: ${grown.toFixed(0)}/s against ${small.toFixed(0)}/s on the small one: ${ratio.toFixed(3)}`)
  const done = start.updates + refreshes
  const counted = await countWhen(client, 'sessions', ({ updates }) => updates >= done, 30)
  const [updates, heapOnly] = [counted.updates - start.updates, counted.heapOnly - start.heapOnly]
  const perRefresh = wal / refreshes
  t.diagnostic(
    `${updates} updates, ${percent(heapOnly, updates)} heap-only; ${perRefresh.toFixed(0)} bytes of WAL each`,
  )
  t.diagnostic(`${counted.dead} dead rows before autovacuum`)

  // It comes when a fifth of a table is dead. Here it is made to come at once.
  await client.query('ALTER TABLE sessions SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0)')
  await world.set('autovacuum_vacuum_cost_delay', '0')
  await world.set('autovacuum_naptime', '1')
  await world.set('autovacuum', 'on')
  const vacuumed = await countWhen(client, 'sessions', ({ vacuums }) => vacuums > start.vacuums, patience)
  await client.query('ALTER TABLE sessions RESET (autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor)')
  await world.set('autovacuum_vacuum_cost_delay', 'DEFAULT')
  await world.set('autovacuum_naptime', 'DEFAULT')
  const after = await weigh(client, 'sessions')
  const growth = bytesOf(after) / bytesOf(before)
  t.diagnostic(`${vacuumed.dead} dead rows after it; ${bytesOf(before)} -> ${bytesOf(after)} bytes`)
  assert.deepEqual([...spread, ...beside].map(({ failed }) => failed).filter(Boolean), [])
  // Fewer end before the time just after the checkpoint does, which is the dearest.
  if (refreshes >= 100_000) assert.ok(ratio >= 0.9, `refresh is ${ratio} as fast`)
  // While a connection sits on an old snapshot a page that many use can fill up: see `test/sessions/heap-only.test.ts`.
  assert.ok(heapOnly / updates >= 0.99, `${updates - heapOnly} of ${updates} updates were not heap-only`)
  assert.ok(growth <= 1.005, `the table and its indexes grew by ${growth}`)
  assert.ok(vacuumed.dead <= refreshes / 100, `${vacuumed.dead} dead rows are left`)
}

/** The purge of the service itself, which begins within a minute of its start, while everybody else goes on. */
async function purge(t: TestContext, world: World): Promise<void> {
  const { client } = world.grown
  const before = await count(client, 'sessions')
  const dead = rows / 2
  await world.restart('grown')
  await allowPurge(world.grown)
  const load = world.open({ side: 'grown', connections, perSecond })
  await sleep(10_000)
  const [warm, walBefore] = [Date.now(), await walEnd(client)]
  await countWhen(client, 'sessions', ({ deleted }) => deleted > before.deleted, 90)
  // It is told of a second late.
  const [begun, walBegun] = [Date.now() - 1000, await walEnd(client)]
  const pages = await client.query(`SELECT pg_relation_size('sessions') / 8192 AS pages`)
  await countWhen(client, 'sessions', ({ deleted }) => deleted >= before.deleted + dead, patience)
  const [ended, walEnded] = [Date.now(), await walEnd(client)]
  await sleep(Math.min(60_000, begun - warm))
  const [over, walOver] = [Date.now(), await walEnd(client)]
  const report = await load.stop()
  const seconds = (ended - begun) / 1000
  t.diagnostic(`${dead} sessions of ${pages.rows[0].pages} pages purged in ${seconds.toFixed(0)} s`)
  const mb = (bytes: number, ms: number) => `${(bytes / 1e3 / ms).toFixed(1)} MB/s`
  t.diagnostic(
    `WAL: ${mb(walBegun - walBefore, begun - warm)} before, ${mb(walEnded - walBegun, ended - begun)} during, ${mb(walOver - walEnded, over - ended)} after`,
  )
  const during = (kind: Kind, from: number, to: number) => within(report, kind, from, to)
  for (const kind of kinds) {
    const [quiet, busy, after] = [during(kind, warm, begun), during(kind, begun, ended), during(kind, ended, over)]
    for (const [name, ms] of Object.entries({ before: quiet, during: busy, after })) {
      const spread = [0.5, 0.99, 0.999].map((q) => quantile(ms, q).toFixed(2)).join(' / ')
      t.diagnostic(`${kind} ${name}: ${ms.length} calls, p50/p99/p99.9 ${spread} ms`)
    }
    const ratio = quantile(busy, 0.99) / quantile(quiet, 0.99)
    t.diagnostic(`${kind}: p99 is ${ratio.toFixed(2)} times what it was`)
    assert.ok(ratio <= 1.25, `${kind}: ${ratio}`)
  }
  assert.equal(report.failed, 0)
  const live = await client.query('SELECT count(*)::int AS live FROM sessions')
  assert.equal(live.rows[0].live, rows - dead)
}

/** The milliseconds of the calls that were due between two moments. */
function within(report: OpenReport, kind: Kind, from: number, to: number): number[] {
  const { at, ms } = report[kind]
  return ms.filter((_, index) => (at[index] ?? 0) >= from && (at[index] ?? 0) < to)
}
