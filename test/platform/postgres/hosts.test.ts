import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { Client } from 'pg'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres, type DatabaseBounds, defaultBounds } from '../../../src/platform/postgres/database.ts'
import { databaseRefusal } from '../../../src/platform/postgres/faults.ts'
import { openDatabase } from '../../../src/platform/postgres/open-database.ts'
import type { Database } from '../../../src/platform/postgres/tables.ts'
import { type DurablePostgres, startDurablePostgres } from '../../support/postgres.ts'

const bounds: DatabaseBounds = { ...defaultBounds, connections: 2 }

describe('a database of several hosts', () => {
  const opened = new AsyncDisposableStack()
  let a: DurablePostgres
  let b: DurablePostgres
  /** Accepts connections and says nothing. */
  let silent: Server
  const connected = new Set<Socket>()

  before(async () => {
    const servers = await Promise.all([startDurablePostgres(), startDurablePostgres()])
    ;[a, b] = servers.map((server) => opened.use(server)) as [DurablePostgres, DurablePostgres]
    for (const server of servers) await query(server, 'CREATE TABLE notes (text text)')
    silent = createServer((socket) => connected.add(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    opened.defer(() => {
      for (const socket of connected) socket.destroy()
      silent.close()
    })
  })
  after(() => opened.disposeAsync())
  beforeEach(async () => {
    connected.clear()
    for (const server of [a, b]) await setReadOnly(server, false)
  })

  async function query(server: DurablePostgres, statement: string) {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    try {
      return (await client.query(statement)).rows
    } finally {
      await client.end()
    }
  }

  /** Open connections hear of it with their next statement. */
  async function setReadOnly(server: DurablePostgres, on: boolean): Promise<void> {
    await query(server, `ALTER SYSTEM SET default_transaction_read_only = ${on ? 'on' : 'off'}`)
    await query(server, 'SELECT pg_reload_conf()')
    const now = async () => (await query(server, 'SHOW default_transaction_read_only'))[0].default_transaction_read_only
    while ((await now()) !== (on ? 'on' : 'off')) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  const portOf = (server: DurablePostgres) => Number(new URL(server.url).port)
  const silentPort = () => (silent.address() as AddressInfo).port
  const urlOf = (ports: number[], attributes = 'read-write', user = 'postgres') =>
    `postgres://${user}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres?target_session_attrs=${attributes}`

  function connect(url: string): Database {
    const database = connectPostgres(new Secret(url), createLog('silent'), bounds)
    opened.defer(() => database.destroy())
    return database
  }

  const where = async (database: Database) =>
    (await sql<{ port: number }>`SELECT inet_server_port() AS port`.execute(database)).rows[0]?.port
  const write = (database: Database) => sql`INSERT INTO notes VALUES ('written')`.execute(database)

  async function unavailable(work: Promise<unknown>): Promise<Error> {
    const error = await work.then(
      () => assert.fail('it was not refused'),
      (error) => error,
    )
    assert.equal(databaseRefusal(error)?.code, 'database_unavailable', String(error))
    return error
  }

  /** A port on which nobody listens. */
  async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    listener.close()
    return port
  }

  it('is asked in the order of its hosts', async () => {
    assert.equal(await where(connect(urlOf([portOf(a), portOf(b)]))), portOf(a))
    assert.equal(await where(connect(urlOf([portOf(b), portOf(a)]))), portOf(b))
  })

  it('is reached past a host where nobody listens', async () => {
    assert.equal(await where(connect(urlOf([await closedPort(), portOf(b)]))), portOf(b))
  })

  it('is reached past a silent host within the bound, which costs its time once', async () => {
    const database = connect(urlOf([silentPort(), portOf(b)]))
    const started = performance.now()
    assert.equal(await where(database), portOf(b))
    const took = performance.now() - started
    assert.ok(took < bounds.acquireTimeout, `it took ${took} ms`)
    await Promise.all([sql`SELECT pg_sleep(0.1)`.execute(database), sql`SELECT pg_sleep(0.1)`.execute(database)])
    assert.equal(connected.size, 1)
  })

  it('is written to where writes are taken', async () => {
    await setReadOnly(a, true)
    const database = connect(urlOf([portOf(a), portOf(b)]))
    assert.equal(await where(database), portOf(b))
    await write(database)
  })

  it('follows the writes from a server that takes none any more: one statement pays for it', async () => {
    const database = connect(urlOf([portOf(a), portOf(b)]))
    // Both of its connections are open.
    await Promise.all([sql`SELECT pg_sleep(0.1)`.execute(database), sql`SELECT pg_sleep(0.1)`.execute(database)])
    await setReadOnly(a, true)
    const error = await unavailable(write(database))
    assert.equal(databaseRefusal(error)?.because, '25006')
    for (let count = 0; count < 4; count++) await Promise.all([write(database), write(database)])
    assert.equal(await where(database), portOf(b))
  })

  it('follows the writes out of a transaction, which is refused as a whole', async () => {
    const database = connect(urlOf([portOf(a), portOf(b)]))
    await where(database)
    await setReadOnly(a, true)
    const work = database.transaction().execute(async (transaction) => {
      await sql`SELECT 1`.execute(transaction)
      await sql`INSERT INTO notes VALUES ('never')`.execute(transaction)
    })
    await unavailable(work)
    assert.equal(await where(database), portOf(b))
  })

  it('is unavailable while no host takes writes, and there as soon as one does', async () => {
    for (const server of [a, b]) await setReadOnly(server, true)
    const database = connect(urlOf([portOf(a), portOf(b)]))
    const error = await unavailable(write(database))
    assert.ok(error instanceof AggregateError)
    assert.equal(error.errors.length, 2)
    await setReadOnly(b, false)
    await write(database)
    assert.equal(await where(database), portOf(b))
  })

  it('with target_session_attrs=primary only has to be no standby', async () => {
    await setReadOnly(a, true)
    assert.equal(await where(connect(urlOf([portOf(a), portOf(b)], 'primary'))), portOf(a))
  })

  it('is not asked elsewhere who has no right to it', async () => {
    const database = connect(urlOf([portOf(a), silentPort()], 'read-write', 'nobody'))
    await assert.rejects(sql`SELECT 1`.execute(database), { code: '28000' })
    assert.equal(connected.size, 0)
  })

  it('is shown with all its hosts, and never with its password', async () => {
    const url = urlOf([await closedPort(), portOf(b)], 'read-write', 'postgres:hunter2')
    const { where, close } = await openDatabase(
      { databaseUrl: new Secret(url), dataDir: '' },
      createLog('silent'),
      () => {},
    )
    await close()
    assert.match(where, /^PostgreSQL at 127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\/postgres$/)
    const failing = connect(urlOf([await closedPort(), await closedPort()], 'read-write', 'postgres:hunter2'))
    const lines: string[] = []
    const log = createLog('info', { write: (line) => void lines.push(line) })
    log.error({ err: await unavailable(write(failing)) }, 'failed')
    assert.match(lines.join(), /ECONNREFUSED/)
    assert.doesNotMatch(lines.join(), /hunter2/)
  })
})

describe('a database of one host', () => {
  it('with target_session_attrs is refused while it takes no writes', async () => {
    await using server = await startDurablePostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    await client.query('ALTER DATABASE postgres SET default_transaction_read_only = on')
    await client.end()
    await using database = connectPostgres(
      new Secret(`${server.url}?target_session_attrs=read-write`),
      createLog('silent'),
    )
    await assert.rejects(sql`SELECT 1`.execute(database), { code: '25006' })
  })
})
