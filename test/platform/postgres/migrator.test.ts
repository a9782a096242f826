import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres, defaultBounds } from '../../../src/platform/postgres/database.ts'
import { migrations } from '../../../src/platform/postgres/migrations/index.ts'
import { expectMigrated, MigrationError, migrate, migrationStates } from '../../../src/platform/postgres/migrator.ts'
import { openDatabase } from '../../../src/platform/postgres/open-database.ts'
import type { Database } from '../../../src/platform/postgres/tables.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

const log = createLog('silent')
const one = { '0001-one': 'CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);\n' }
const two = { ...one, '0002-two': 'CREATE TABLE two (id int);\n' }

it('has its migrations in the order of their names', () => {
  assert.deepEqual(Object.keys(migrations), Object.keys(migrations).toSorted())
  for (const name of Object.keys(migrations)) assert.match(name, /^[0-9]{4}-[a-z0-9-]+$/)
})

describe('migrate', () => {
  const opened = new AsyncDisposableStack()
  let server: TestPostgres
  let url: Secret
  let database: Database

  before(async () => {
    server = opened.use(await startPostgres())
  })
  after(() => opened.disposeAsync())
  beforeEach(async () => {
    url = new Secret((await server.createDatabase()).url)
    database = connect()
  })

  function connect(bounds: Partial<typeof defaultBounds> = {}): Database {
    const connected = connectPostgres(url, log, { ...defaultBounds, ...bounds })
    opened.defer(() => connected.destroy())
    return connected
  }
  async function tables(): Promise<string[]> {
    const named = sql<{ name: string }>`
      SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema_%' ORDER BY 1`
    return (await named.execute(database)).rows.map((row) => row.name)
  }

  it('runs all migrations on an empty database, in their order, and none the second time', async () => {
    assert.deepEqual(await migrate(database), Object.keys(migrations))
    const made = await tables()
    for (const table of ['audit_events', 'sessions', 'signing_keys', 'users']) assert.ok(made.includes(table), table)
    assert.deepEqual(await migrate(database), [])
  })

  it('runs what is new alone', async () => {
    assert.deepEqual(await migrate(database, one), ['0001-one'])
    assert.deepEqual(await migrate(database, two), ['0002-two'])
    assert.deepEqual(await tables(), ['one', 'two'])
  })

  it('tells what has run, when, and what has not, and changes nothing by that', async () => {
    const states = async (known: Record<string, string>) =>
      (await migrationStates(database, known)).map(({ name, state, ranAt }) => [name, state, ranAt instanceof Date])
    const nothing = [
      ['0001-one', 'pending', false],
      ['0002-two', 'pending', false],
    ]
    assert.deepEqual(await states(two), nothing)
    assert.deepEqual(await states(two), nothing)
    await migrate(database, one)
    assert.deepEqual(await states(two), [
      ['0001-one', 'applied', true],
      ['0002-two', 'pending', false],
    ])
    assert.deepEqual(await states({ '0001-one': 'SELECT 1;\n' }), [['0001-one', 'changed', true]])
    assert.deepEqual(await states({}), [['0001-one', 'unknown', true]])
  })

  it('has work beside the service refused on tables of another version', async () => {
    await assert.rejects(expectMigrated(database), /0001-initial-tables.* has not run\. Run "latchkey migrate"/)
    await migrate(database)
    await expectMigrated(database)
    await sql`INSERT INTO schema_checksums (name, sha256) VALUES ('9999-later', 'x')`.execute(database)
    await assert.rejects(expectMigrated(database), MigrationError)
  })

  it('stops at a migration that was changed after it ran, names it, and runs nothing new', async () => {
    await migrate(database, one)
    const changed = { ...two, '0001-one': `${one['0001-one']} ` }
    await assert.rejects(migrate(database, changed), (error: Error) => {
      assert.ok(error instanceof MigrationError)
      assert.match(error.message, /^Changed since it ran in this database: migration 0001-one\./)
      return true
    })
    assert.deepEqual(await tables(), ['one'])
  })

  it('stops at a database that is newer than the program', async () => {
    await migrate(database, two)
    await assert.rejects(migrate(database, one), (error: Error) => {
      assert.ok(error instanceof MigrationError)
      assert.match(error.message, /migrations that this version of Latchkey does not know: it is newer.*0002-two/)
      return true
    })
  })

  it('stops at a migration that was put before one that has run', async () => {
    await migrate(database, { '0002-two': two['0002-two'] })
    await assert.rejects(migrate(database, two), MigrationError)
    assert.deepEqual(await tables(), ['two'])
  })

  it('leaves nothing half done when a migration fails, and runs all of it the next time', async () => {
    const failing = { ...two, '0003-three': 'CREATE TABLE three (id int);\nSELECT 1 / 0;\n' }
    await assert.rejects(migrate(database, failing), { code: '22012' })
    assert.deepEqual(await tables(), [])
    assert.deepEqual(await migrate(database, two), ['0001-one', '0002-two'])
  })

  it('runs each migration once when many processes start at once', async () => {
    const several = Array.from({ length: 6 }, () => connect({ connections: 1 }))
    const slow = { ...two, '0003-slow': 'SELECT pg_sleep(0.2);\n' }
    const ran = await Promise.all(several.map((connected) => migrate(connected, slow)))
    assert.deepEqual(ran.flat().toSorted(), Object.keys(slow))
    assert.deepEqual((await sql`SELECT id FROM one`.execute(database)).rows, [{ id: 1 }])
  })

  it('waits for the process that migrates for longer than for any other lock', async () => {
    const slow = { '0001-slow': 'SELECT pg_sleep(0.5);\n' }
    const impatient = [connect({ lockTimeout: 100 }), connect({ lockTimeout: 100 })]
    const ran = await Promise.all(impatient.map((connected) => migrate(connected, slow)))
    assert.deepEqual(ran.flat(), ['0001-slow'])
  })

  it('gives up on a table that somebody holds, and leaves nothing half done', async () => {
    await migrate(database, one)
    const holder = new pg.Client({ connectionString: url.reveal() })
    await holder.connect()
    await holder.query('BEGIN; LOCK TABLE one IN ACCESS SHARE MODE')
    const altering = { ...one, '0002-alter': 'CREATE TABLE two (id int);\nALTER TABLE one ADD COLUMN more int;\n' }
    await assert.rejects(migrate(connect({ lockTimeout: 100 }), altering), { code: '55P03' })
    assert.deepEqual(await tables(), ['one'])
    await holder.end()
    assert.deepEqual(await migrate(database, altering), ['0002-alter'])
  })

  it('has more time at the start of the process than a request has', async () => {
    const holder = new pg.Client({ connectionString: url.reveal() })
    await holder.connect()
    // The advisory lock of Kysely's migrator: what a process that migrates holds.
    await holder.query('SELECT pg_advisory_lock(3853314791062309107)')
    const bounds = { ...defaultBounds, statementTimeout: 200 }
    const starting = openDatabase({ databaseUrl: url, dataDir: '' }, log, () => {}, bounds)
    await sleep(400)
    await holder.end()
    const started = await starting
    opened.defer(() => started.close())
    const { rows } = await sql`SHOW statement_timeout`.execute(started.database)
    assert.deepEqual(rows, [{ statement_timeout: '200ms' }])
    assert.deepEqual(await migrate(started.database), [])
  })
})
