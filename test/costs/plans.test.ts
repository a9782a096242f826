import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres, defaultBounds } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import { nameOfPrepared } from '../../src/platform/postgres/prepared.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { findOwnerships } from '../../src/sessions/infrastructure/ownerships.postgres.ts'
import { advanceMany, advanceOne } from '../../src/sessions/infrastructure/session-rotations.postgres.ts'
import { startPostgres } from '../support/postgres.ts'

const times = 50
/** PostgreSQL makes a plan for the call itself the first five times, and then compares. */
const first = 5

/** How many there are in a batch, from one call to the next: few at first, as after a start. */
const sizes = [1, 1, 1, 1, 1, 12, 1, 32, 3, 128]
const arrayOf = <T>(call: number, make: () => T): T[] => Array.from({ length: sizes[call % sizes.length] ?? 1 }, make)
const moment = new Date('2026-11-22T12:00:00.000Z')

const calls: Readonly<Record<string, (database: Database, call: number) => Promise<unknown>>> = {
  'find-ownerships': (database, call) => findOwnerships(database, arrayOf(call, randomUUID)),
  'advance-sessions': (database, call) => {
    const ids = arrayOf(call, randomUUID)
    const filled = <T>(value: T) => ids.map(() => value)
    return advanceMany(database, ids, filled(1), filled(moment), filled(moment))
  },
  'advance-session': (database) => advanceOne(database, randomUUID(), 1, moment, moment),
}

describe('a statement of the hot path', () => {
  const opened = new AsyncDisposableStack()
  let database: Database
  before(async () => {
    const server = opened.use(await startPostgres())
    const { url } = opened.use(await server.createDatabase())
    database = connectPostgres(new Secret(url), createLog('silent'), { ...defaultBounds, connections: 1 })
    opened.defer(() => database.destroy())
    await migrate(database)
    await sql`INSERT INTO users (email, created_at) SELECT n || '@example.com', now() FROM generate_series(1, 1000) AS n`.execute(
      database,
    )
    await sql`
      INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at)
      SELECT gen_random_uuid(), id, now(), now(), now() + interval '1h', now() + interval '1d' FROM users`.execute(
      database,
    )
    // A table of which PostgreSQL knows how large it is.
    await sql`ANALYZE users, sessions`.execute(database)
  })
  after(() => opened.disposeAsync())

  for (const [name, call] of Object.entries(calls)) {
    it(`is planned by a connection ${first} times and not at every call: ${name}`, async () => {
      for (let made = 0; made < times; made++) await call(database, made)
      const { rows } = await sql<{ statement: string; custom: number; generic: number }>`
        SELECT statement, custom_plans::int AS custom, generic_plans::int AS generic FROM pg_prepared_statements`.execute(
        database,
      )
      const plans = rows.find(({ statement }) => nameOfPrepared(statement) === name)
      assert.deepEqual([plans?.custom, plans?.generic], [first, times - first])
    })
  }
})
