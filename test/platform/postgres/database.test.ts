import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres, type DatabaseBounds, defaultBounds } from '../../../src/platform/postgres/database.ts'
import { databaseRefusal } from '../../../src/platform/postgres/faults.ts'
import type { Database } from '../../../src/platform/postgres/tables.ts'
import { startPostgres } from '../../support/postgres.ts'

const small: DatabaseBounds = {
  connections: 2,
  acquireTimeout: 2_000,
  statementTimeout: 1_500,
  lockTimeout: 100,
  idleInTransactionTimeout: 200,
}

describe('a connection to PostgreSQL', () => {
  const opened = new AsyncDisposableStack()
  const lines: string[] = []
  const log = createLog('info', { write: (line) => void lines.push(line) })
  let url: string

  before(async () => {
    const server = opened.use(await startPostgres())
    url = (await server.createDatabase()).url
    await sql`CREATE TABLE held (id int PRIMARY KEY, note text)`.execute(connect())
    await sql`INSERT INTO held VALUES (1)`.execute(connect())
  })
  after(() => opened.disposeAsync())

  function connect(bounds: DatabaseBounds = small, to = url): Database {
    const database = connectPostgres(new Secret(to), log, bounds)
    opened.defer(() => database.destroy())
    return database
  }

  /** Asserts that the work is refused as database_unavailable, for that reason, within those milliseconds. */
  async function unavailable(work: Promise<unknown>, because: string, within: number): Promise<void> {
    const started = performance.now()
    const error = await work.then(
      () => assert.fail('it was not refused'),
      (error) => error,
    )
    const took = performance.now() - started
    assert.equal(databaseRefusal(error)?.code, 'database_unavailable', String(error))
    assert.equal(databaseRefusal(error)?.because, because)
    assert.ok(took < within, `it took ${took} ms`)
  }

  /** Waits for a line of the log that says so, and takes it and those before it away. */
  async function lineAbout(what: string): Promise<void> {
    const found = () => lines.findIndex((line) => line.includes(what) && line.includes('a database connection broke'))
    for (let wait = 0; found() < 0; wait++) {
      assert.ok(wait < 1_000, `no line of the log about: ${what}`)
      await sleep(5)
    }
    lines.splice(0, found() + 1)
  }

  it('has bounds on statements, locks and idle transactions, none of them off', async () => {
    const database = connect(defaultBounds)
    for (const [name, value] of [
      ['statement_timeout', '5s'],
      ['lock_timeout', '2s'],
      ['idle_in_transaction_session_timeout', '10s'],
      ['application_name', 'latchkey'],
    ] as const) {
      assert.deepEqual((await sql.raw(`SHOW ${name}`).execute(database)).rows, [{ [name]: value }])
    }
  })

  it('gives bigint as a number, and throws for one that no number can hold', async () => {
    const database = connect()
    const { rows } = await sql`SELECT 9007199254740991::bigint AS most, count(*) AS count FROM held`.execute(database)
    assert.deepEqual(rows, [{ most: Number.MAX_SAFE_INTEGER, count: 1 }])
    await assert.rejects(sql`SELECT 9007199254740992::bigint`.execute(database), RangeError)
    assert.deepEqual((await sql`SELECT 1 AS one`.execute(database)).rows, [{ one: 1 }])
  })

  it('is given within the bound, or the caller is refused', async () => {
    const database = connect({ ...small, acquireTimeout: 500 })
    const busy = [1, 2].map(() => sql`SELECT pg_sleep(1)`.execute(database))
    await unavailable(sql`SELECT 1`.execute(database), 'no answer', 950)
    await Promise.all(busy)
    await sql`SELECT 1`.execute(database)
  })

  it('is waited for by as many as the bound says, and the next is refused at once', async () => {
    const database = connect({ ...small, waiting: 3 })
    const busy = [1, 2].map(() => sql`SELECT pg_sleep(0.5)`.execute(database))
    const waiting = [1, 2, 3].map(() => sql<{ one: number }>`SELECT 1 AS one`.execute(database))
    const refused = await Promise.race([sql`SELECT 1`.execute(database).catch(databaseRefusal), ...busy])
    assert.ok(refused instanceof Refusal && refused.code === 'database_unavailable')
    assert.equal((refused.cause as Error).message, 'too many wait for a connection')
    for (const { rows } of await Promise.all(waiting)) assert.deepEqual(rows, [{ one: 1 }])
    await Promise.all(busy)
    await sql`SELECT 1`.execute(database)
  })

  it('waits for a lock within the bound', async () => {
    const database = connect()
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    try {
      await holder.query('BEGIN; SELECT * FROM held FOR UPDATE')
      await unavailable(sql`UPDATE held SET note = 'mine'`.execute(database), '55P03', 1_400)
    } finally {
      await holder.end()
    }
    await sql`UPDATE held SET note = 'mine'`.execute(database)
  })

  it('runs a statement within the bound', async () => {
    const database = connect({ ...small, statementTimeout: 200 })
    await unavailable(sql`SELECT pg_sleep(5)`.execute(database), '57014', 2_000)
    await sql`SELECT 1`.execute(database)
  })

  it('that breaks between two statements refuses that transaction alone', async () => {
    lines.length = 0
    const database = connect({ ...small, connections: 1 })
    const work = database.transaction().execute(async (transaction) => {
      await sql`UPDATE held SET note = 'forgotten'`.execute(transaction)
      await sleep(400)
      await sql`SELECT 1`.execute(transaction)
    })
    await assert.rejects(work, (error) => databaseRefusal(error)?.code === 'database_unavailable')
    const { rows } = await sql<{ note: string }>`SELECT note FROM held`.execute(database)
    assert.notEqual(rows[0]?.note, 'forgotten')
    assert.match(lines.join(), /"level":"warn".*idle-in-transaction timeout.*a database connection broke/)
  })

  it('that breaks while idle is dropped with a line in the log, and the next query opens another', async () => {
    const database = connect()
    const backends = () =>
      Promise.all(['a', 'b'].map(() => sql`SELECT pg_backend_pid() AS pid, pg_sleep(0.05)`.execute(database)))
    const pids = (await backends()).map(({ rows }) => (rows[0] as { pid: number }).pid)
    lines.length = 0
    const killer = new pg.Client({ connectionString: url })
    await killer.connect()
    await killer.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids])
    await killer.end()
    for (const _ of pids) await lineAbout('terminating connection due to administrator command')
    const fresh = (await backends()).map(({ rows }) => (rows[0] as { pid: number }).pid)
    assert.ok(fresh.every((pid) => !pids.includes(pid)))
  })

  it('that breaks under a query refuses that query alone', async () => {
    const database = connect()
    const sleeping = sql`SELECT pg_sleep(1.2)`.execute(database)
    const killer = new pg.Client({ connectionString: url })
    await killer.connect()
    const victims = "query LIKE 'SELECT pg_sleep(1.2)%' AND state = 'active'"
    const kill = async () => {
      const { rowCount } = await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${victims}`)
      if (!rowCount) await kill()
    }
    lines.length = 0
    await Promise.all([unavailable(sleeping, '57P01', 1_100), kill()])
    await killer.end()
    // The server says farewell first and hangs up then.
    await lineAbout('Connection terminated unexpectedly')
    await sql`SELECT 1`.execute(database)
  })

  it('to a server that is not there is refused at once', async () => {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    listener.close()
    const nowhere = connect(small, `postgres://postgres@127.0.0.1:${port}/postgres`)
    await unavailable(sql`SELECT 1`.execute(nowhere), 'ECONNREFUSED', 1_000)
  })

  it('to a server that accepts and says nothing is refused within the bound', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const sockets: Socket[] = []
    silent.on('connection', (socket) => sockets.push(socket))
    const database = connect({ ...small, acquireTimeout: 200 }, `postgres://postgres@127.0.0.1:${port}/postgres`)
    await unavailable(sql`SELECT 1`.execute(database), 'no answer', 1_000)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('never has its password in an error or in the log', async () => {
    lines.length = 0
    const secretive = url.replace('postgres@', 'nobody:hunter2@')
    const error = await sql`SELECT 1`.execute(connect(small, secretive)).catch((error) => error)
    assert.ok(error instanceof Error)
    log.error({ err: error }, 'failed')
    assert.doesNotMatch(lines.join() + error.stack, /hunter2/)
  })
})
