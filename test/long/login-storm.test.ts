/**
 * A login storm of ten times what all cores can hash, on the service as an operator runs it, three times, with a quiet
 * time before each and after it: in a single one a machine's own moods decide where the 99th percentile lies.
 * `STORM_SECONDS` and `STORM_ROUNDS` shorten it for a look.
 *
 * The service, PostgreSQL and the load share the machine, so that login throughput is compared with bare hashing beside
 * the same load: `me` and `refresh` at the same rate, and as many logins that are refused, for their form there and for
 * the full queue here. Bare hashing alone is printed too. Both are measured before the storm and after it.
 *
 * The priority of a thread counts among those of its scheduling group alone. Linux's `autogroup` makes one of every
 * process of PostgreSQL, which then waits for hashing as for anything else. It is meant for desktops and is off here
 * while the test runs, where it may be; what an operator does who has both on one machine is in docs/decisions/0013.
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hashSync } from '@node-rs/bcrypt'
import { Client } from 'pg'
import { imageArguments } from '../support/image-arguments.ts'
import { startPostgres } from '../support/postgres.ts'
import { startProcess } from '../support/processes.ts'
import type {
  BareReport,
  BareSettings,
  FloodReport,
  FloodSettings,
  ProbeReport,
  ProbeSettings,
  Session,
} from './storm-load.ts'

const seconds = Number(process.env.STORM_SECONDS ?? 60)
const rounds = Number(process.env.STORM_ROUNDS ?? 3)
const cost = 12
const cores = availableParallelism()
const password = 'your_password_123'
/** Half of them `me`, half `refresh`. */
const probesPerSecond = 80
const people = 1000

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const load = fileURLToPath(new URL('storm-load.ts', import.meta.url))

function start(t: TestContext, settings: ProbeSettings): Promise<ProbeReport>
function start(t: TestContext, settings: FloodSettings): Promise<FloodReport>
function start(t: TestContext, settings: BareSettings): Promise<BareReport>
async function start(t: TestContext, settings: object): Promise<unknown> {
  const child = fork(load, [], { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  child.send(JSON.stringify(settings))
  const [report] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the load ended without a report'))),
  ])
  return report
}

/** Has priorities count across all processes, where that may be set, and puts it back afterwards. */
function ungroup(t: TestContext): void {
  const setting = '/proc/sys/kernel/sched_autogroup_enabled'
  try {
    const before = readFileSync(setting, 'utf8')
    writeFileSync(setting, '0')
    t.after(() => writeFileSync(setting, before))
  } catch {
    t.diagnostic('autogroup is not there or can not be set: PostgreSQL may have to wait for hashing')
  }
}

async function world(t: TestContext) {
  ungroup(t)
  const server = await startPostgres()
  t.after(() => server.stop())
  const database = await server.createDatabase()
  const env = {
    BCRYPT_COST: String(cost),
    HASH_DEADLINE: '5s',
    // As it is by default: each request comes from an address of its own, and none is one too many.
    RATE_LIMIT: 'on',
    TRUSTED_PROXIES: '127.0.0.1',
    ACCESS_TOKEN_TTL: '1h',
    REFRESH_TOKEN_TTL: '1h',
  }
  const service = await startProcess(database.url, env, [...imageArguments(), main])
  t.after(() => service.stop())
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    `INSERT INTO users (email, password_hash, created_at)
     SELECT 'person-' || n || '@example.com', $1, now() FROM generate_series(1, $2::int) AS n`,
    [hashSync(password, cost), people],
  )
  await client.end()
  const sessions: Session[] = []
  while (sessions.length < 80) {
    const json = { email: `person-${sessions.length + 1}@example.com`, password }
    const { status, body } = await service.call('POST', '/api/v1/auth/login', { json })
    assert.equal(status, 200)
    sessions.push({ access: body.access_token, refresh: body.refresh_token })
  }
  return { service, sessions }
}

const logins = Array.from({ length: people }, (_, n) =>
  JSON.stringify({ email: `person-${n + 1}@example.com`, password }),
)
const malformed = [JSON.stringify({ email: 'no address', password })]

const quantile = (samples: readonly number[], q: number) =>
  samples.toSorted((a, b) => a - b)[Math.min(samples.length - 1, Math.floor(samples.length * q))] ?? Number.NaN
const spread = (samples: readonly number[]) => [0.5, 0.99, 1].map((q) => quantile(samples, q).toFixed(1)).join(' / ')
const ms = (value = Number.NaN) => `${value.toFixed(1)} ms`
type Call = 'me' | 'refresh'
const all = (reports: readonly ProbeReport[], name: Call | 'lag') => reports.flatMap((report) => report[name])
const mean = (...values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

test('a login storm of ten times the capacity is served at the pace of bare hashing, and others do not notice', {
  skip: process.platform !== 'linux' && 'only Linux has priorities for threads',
}, async (t) => {
  const { service, sessions } = await world(t)
  const say = (line: string) => t.diagnostic(line)
  const { url } = service
  let alive: readonly Session[] = sessions
  const probe = async (length: number) => {
    const settings = { role: 'probe', url, seconds: length, perSecond: probesPerSecond, sessions: alive } as const
    const report = await start(t, settings)
    alive = report.sessions
    return report
  }
  const bare = (length: number) => start(t, { role: 'bare', threads: cores, cost, seconds: length })
  const flood = (settings: Pick<FloodSettings, 'seconds' | 'perSecond' | 'bodies'>) =>
    start(t, { role: 'flood', url, returning: 10, ...settings })
  const besideBare: ProbeReport[] = []
  /** Bare hashing beside what accompanies the storm's logins. */
  const bareBeside = async (length: number, perSecond: number) => {
    const beside = flood({ seconds: length, perSecond, bodies: malformed })
    const probing = probe(length)
    const { perSecond: rate } = await bare(length - 1)
    await beside
    besideBare.push(await probing)
    return rate
  }

  say(
    `load average before: ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}, ${cores} cores`,
  )
  const aloneBefore = (await bare(seconds / 6)).perSecond
  const stormRate = Math.ceil(10 * aloneBefore)
  const besideBefore = await bareBeside(seconds / 3, stormRate)
  const quiet = [await probe((seconds * 3) / 4)]
  const before = residentMegabytes(service.pid)
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(service.pid))
  }, 250)
  t.after(() => clearInterval(watch))
  const during: ProbeReport[] = []
  const storms: FloodReport[] = []
  for (let round = 1; round <= rounds; round++) {
    const storming = flood({ seconds, perSecond: stormRate, bodies: logins })
    during.push(await probe(seconds))
    storms.push(await storming)
    await sleep(1000)
    quiet.push(await probe((seconds * 3) / 4))
    const p99 = (name: Call) => [quiet.slice(-2), during.slice(-1)].map((some) => quantile(all(some, name), 0.99))
    const [[meQuiet, me], [refreshQuiet, refresh]] = [p99('me'), p99('refresh')] as [number[], number[]]
    say(`round ${round}: p99 of me ${ms(meQuiet)} -> ${ms(me)}, of refresh ${ms(refreshQuiet)} -> ${ms(refresh)}`)
  }
  const besideAfter = await bareBeside(seconds / 3, stormRate)
  const aloneAfter = (await bare(seconds / 6)).perSecond
  clearInterval(watch)

  const sum = (of: (storm: FloodReport) => number) => storms.reduce((total, storm) => total + of(storm), 0)
  const loginsPerSecond = sum((storm) => storm.steadyLogins) / sum((storm) => storm.steadySeconds)
  const beside = mean(besideBefore, besideAfter)
  const ratioOf = (name: Call) => quantile(all(during, name), 0.99) / quantile(all(quiet, name), 0.99)
  const ratio = { me: ratioOf('me'), refresh: ratioOf('refresh') }
  const probes = [...quiet, ...during]
  const unanswered = probes.reduce((total, report) => total + report.unanswered, 0) + sum((storm) => storm.unanswered)
  const statuses: Record<string, number> = {}
  for (const storm of storms) {
    for (const [status, count] of Object.entries(storm.statuses)) statuses[status] = (statuses[status] ?? 0) + count
  }
  const answered = Object.values(statuses).reduce((total, count) => total + count, 0)
  const came = sum((storm) => storm.returned.after.came)
  const served = sum((storm) => storm.returned.after.served)
  const alone = mean(aloneBefore, aloneAfter)
  say(`bare hashing alone: ${aloneBefore.toFixed(2)}/s before, ${aloneAfter.toFixed(2)}/s after`)
  say(`bare hashing beside the load: ${besideBefore.toFixed(2)}/s before, ${besideAfter.toFixed(2)}/s after`)
  say(`storm: ${stormRate}/s for ${seconds} s, ${rounds} times; answers by status: ${JSON.stringify(statuses)}`)
  say(
    `logins: ${loginsPerSecond.toFixed(2)}/s = ${((100 * loginsPerSecond) / beside).toFixed(1)} % of bare hashing beside it, ${((100 * loginsPerSecond) / alone).toFixed(1)} % of it alone`,
  )
  say(
    `login p50/p99/max: ${spread(storms.flatMap(({ loginMs }) => loginMs))} ms; refused: ${spread(storms.flatMap(({ refusedMs }) => refusedMs))} ms`,
  )
  for (const name of ['me', 'refresh'] as const) {
    say(
      `${name} p50/p99/max: quiet ${spread(all(quiet, name))} ms, storm ${spread(all(during, name))} ms: ${ratio[name].toFixed(2)}`,
    )
  }
  for (const name of ['me', 'refresh'] as const) {
    say(`${name} p50/p99/max beside another program's bare hashing: ${spread(all(besideBare, name))} ms`)
  }
  say(`probes sent late p50/p99/max: quiet ${spread(all(quiet, 'lag'))} ms, storm ${spread(all(during, 'lag'))} ms`)
  say(
    `503: ${((100 * (statuses[503] ?? 0)) / answered).toFixed(1)} %, longest Retry-After ${Math.max(...storms.map(({ longestRetryAfter }) => longestRetryAfter))} s`,
  )
  say(`came back when told, after a storm: ${came}, of whom ${served} were served; without an answer: ${unanswered}`)
  say(`resident: ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most`)
  say(
    `load average after: ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
  )

  assert.equal(unanswered, 0)
  assert.equal(
    probes.reduce((total, { refused }) => total + refused, 0),
    0,
  )
  assert.deepEqual(Object.keys(statuses), ['200', '503'])
  assert.equal(
    sum(({ withoutRetryAfter }) => withoutRetryAfter),
    0,
  )
  // Who comes back when told, after the storm, is served.
  assert.ok(came > 0 && served === came, `of ${came} who came back ${served} were served`)
  assert.ok(peak - before < 60, `${peak - before} MB more than before`)
  assert.ok(loginsPerSecond >= 0.95 * beside, `${loginsPerSecond} of ${beside} a second`)
  assert.ok(ratio.me <= 1.5, `me: ${ratio.me}`)
  assert.ok(ratio.refresh <= 1.5, `refresh: ${ratio.refresh}`)
})
