import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { AuditEvent } from '../../src/audit/index.ts'
import { chainStorePostgres } from '../../src/audit/infrastructure/chain-store.postgres.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrations } from '../../src/platform/postgres/migrations/index.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import { auditOn } from '../support/audit.ts'
import { testClock } from '../support/clock.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const silent = createLog('silent')
const seed = new Secret(Buffer.alloc(32, 7))
const event = (subject: string): AuditEvent => ({
  kind: 'logged_in',
  at: new Date(),
  userId: 1 as UserId,
  sessionId: randomUUID() as SessionId,
  caller: { ip: '192.0.2.1', userAgent: null, requestId: 'a'.repeat(32) },
  subject,
})
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the audit log on PostgreSQL', () => {
  const opened = new AsyncDisposableStack()
  let server: TestPostgres
  let database: Database
  /** The pool of another process. */
  let other: Database
  let url = ''
  before(async () => {
    server = opened.use(await startPostgres())
  })
  beforeEach(async () => {
    url = (await server.createDatabase()).url
    for (const which of [0, 1]) {
      const pool = connectPostgres(new Secret(url), silent)
      opened.defer(() => pool.destroy())
      if (which === 0) database = pool
      else other = pool
    }
    await migrate(database)
  })
  after(() => opened.disposeAsync())

  const subjects = async () => {
    const { rows } = await sql<{ subject: string }>`
      SELECT subject FROM audit_seals JOIN audit_events ON id = event_id ORDER BY position`.execute(database)
    return rows.map((row) => row.subject)
  }

  it('has each event in its chain once, without a gap, whatever the order of commits while two processes seal', async () => {
    const logs = [database, other].map((pool) => auditOn(pool, { seed, clock: () => new Date() }))
    const work = { done: false }
    const sealers = logs.map(async ({ seal }) => {
      while (!work.done) {
        await seal()
        await turn()
      }
    })
    let undone = 0
    const deeds = Array.from({ length: 240 }, async (_, number) => {
      const [pool, log] = number % 2 === 0 ? [database, logs[0]] : [other, logs[1]]
      const deed = transactPostgres(pool)(async (transaction) => {
        await log?.audit.record(transaction, [event(`${number} a`), event(`${number} b`)])
        // Who draws a lower number may so commit later.
        for (let turns = Math.floor(Math.random() * 30); turns > 0; turns--) await turn()
        if (number % 10 === 9) throw new Error('undone')
        await log?.audit.record(transaction, event(`${number} c`))
      })
      await deed.catch((error) => {
        assert.equal(error.message, 'undone')
        undone++
      })
    })
    await Promise.all(deeds)
    work.done = true
    await Promise.all(sealers)
    await logs[0]?.seal({ final: true })

    const kept = Array.from({ length: 240 }, (_, number) => number).filter((number) => number % 10 !== 9)
    assert.equal(undone, 24)
    assert.deepEqual(
      (await subjects()).toSorted(),
      kept.flatMap((number) => ['a', 'b', 'c'].map((part) => `${number} ${part}`)).toSorted(),
    )
    const verdict = await logs[1]?.verify()
    assert.match(verdict?.text ?? '', /^648 events, positions 1 to 648, intact; 0 not yet sealed/)
  })

  it('seals what is committed without waiting for what is not, and that in its turn', async () => {
    const { audit, seal, verify } = auditOn(database, { seed })
    const late = await other.startTransaction().execute()
    await auditOn(other, { seed }).audit.record(late as never, event('late'))
    await audit.note(event('early'))
    await seal({ final: true })
    assert.deepEqual(await subjects(), ['early'])
    assert.match((await verify()).text, /^1 events, .* intact; 0 not yet sealed/)
    await late.commit().execute()
    assert.match((await verify()).text, /^1 events, .* intact; 1 not yet sealed/)
    await seal({ final: true })
    assert.deepEqual(await subjects(), ['early', 'late'])
    assert.match((await verify()).text, /^2 events, .* intact; 0 not yet sealed/)
  })

  it('takes few statements for what many note at once, and loses none of it', async () => {
    const { query } = pg.Client.prototype
    let inserts = 0
    pg.Client.prototype.query = function (this: pg.Client, ...values: unknown[]) {
      if (/INSERT INTO audit_events/.test(String(values[0]))) inserts++
      return Reflect.apply(query, this, values)
    } as typeof query
    const { audit, seal } = auditOn(database, { seed })
    try {
      await Promise.all(Array.from({ length: 1200 }, (_, number) => audit.note(event(`${number}`))))
    } finally {
      pg.Client.prototype.query = query
    }
    await seal()
    assert.equal(new Set(await subjects()).size, 1200)
    assert.equal(inserts, 3)
  })

  it('is quiet while nothing happens: one statement a look', async () => {
    const { audit, seal } = auditOn(database, { seed })
    await audit.note(event('one'))
    await seal({ final: true })
    const { query } = pg.Client.prototype
    let statements = 0
    pg.Client.prototype.query = function (this: pg.Client, ...values: unknown[]) {
      statements++
      return Reflect.apply(query, this, values)
    } as typeof query
    try {
      await seal()
    } finally {
      pg.Client.prototype.query = query
    }
    assert.equal(statements, 1)
  })

  it('works off what has piled up, and signs every thousand of it', async () => {
    const { audit, seal, verify } = auditOn(database, { seed })
    for (let batch = 0; batch < 3; batch++) {
      const events = Array.from({ length: 1000 }, (_, number) => event(`${batch} ${number}`))
      await transactPostgres(database)((transaction) => audit.record(transaction, events))
    }
    await seal()
    assert.match((await verify()).text, /^3000 events, .* intact; 0 not yet sealed.\n3 checkpoints; 500 events after/)
  })

  it('takes over what an older version recorded, addresses apart', async () => {
    const old = await server.createDatabase()
    const pool = opened.adopt(connectPostgres(new Secret(old.url), silent), (one) => one.destroy())
    const before = Object.entries(migrations).filter(([name]) => name < '0003')
    await migrate(pool, Object.fromEntries(before))
    await sql`INSERT INTO audit_events (at, kind, ip) VALUES (now(), 'logged_in', '2001:db8::1'), (now(), 'x', NULL)`.execute(
      pool,
    )
    await migrate(pool)
    const { seal, verify, erase } = auditOn(pool, { seed })
    await seal({ final: true })
    assert.match((await verify()).text, /^2 events, positions 1 to 2, intact; 0 not yet sealed/)
    const whence = await pool.selectFrom('audit_whence').select(['event_id', 'ip', 'user_agent']).execute()
    assert.deepEqual(whence, [{ event_id: 1, ip: '2001:db8::1', user_agent: null }])

    // A process of that version which runs on.
    await sql`INSERT INTO audit_events (at, kind, user_id, ip) VALUES (now(), 'x', 7, ${'a"\\\u2028'}), (now(), 'x', 7, NULL)`.execute(
      pool,
    )
    await seal({ final: true })
    assert.match((await verify()).text, /^4 events, positions 1 to 4, intact; 0 not yet sealed/)
    const left = pool.selectFrom('audit_events').select('id').where('ip', 'is not', null)
    assert.deepEqual(await left.execute(), [])
    assert.equal(await erase(7 as UserId), 1)
    assert.match((await verify()).text, /^4 events, .*Personal data of 1 events were erased/s)
  })

  it('is pruned to the end although another process seals meanwhile', async () => {
    const clock = testClock()
    const { audit, seal, prune } = auditOn(database, { seed, clock, retention: 86_400 })
    const events = Array.from({ length: 4500 }, (_, number) => ({ ...event(`${number}`), at: clock() }))
    await transactPostgres(database)((transaction) => audit.record(transaction, events))
    await seal({ final: true })
    clock.advance(2 * 86_400)
    const chain = chainStorePostgres(other)
    const busy = await other.startTransaction().execute()
    await chain.hold(busy as never, true)
    const pruning = { done: false, pruned: 0 }
    const pruned = prune().then((count) => Object.assign(pruning, { done: true, pruned: count }))
    // Until it waits, or gives up.
    for (let waits = false; !waits && !pruning.done; ) {
      const { rows } = await sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`.execute(database)
      waits = rows.length > 0
    }
    await busy.commit().execute()
    await pruned
    assert.equal(pruning.pruned, 4499)
  })
})
