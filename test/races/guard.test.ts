import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { auditPostgres } from '../../src/audit/index.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Refusal } from '../../src/kernel/refusal.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import type { SessionStore } from '../../src/sessions/application/ports.ts'
import { refreshSession } from '../../src/sessions/application/refresh-session.ts'
import { type Session, startSession } from '../../src/sessions/domain/session.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { testClock } from '../support/clock.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { assertOneWinner } from './arena.ts'

const clock = testClock()
const limits = { refreshTokenTtl: 300, sessionMaxAge: 3600 }
const callers = 24
const caller = { ip: null, userAgent: null, requestId: '0'.repeat(32) }

/** A store with its database, and whether the assertion of the race has to pass. */
interface Candidate {
  readonly name: string
  readonly sound: boolean
  readonly store: (database: Database) => SessionStore
}

const candidates: readonly Candidate[] = [
  { name: 'the store', sound: true, store: sessionStorePostgres },
  {
    name: 'a store whose update has no guard on the generation',
    sound: false,
    store: (database) => ({
      ...sessionStorePostgres(database),
      async advance(id, _, now, idleExpiresAt) {
        const { numUpdatedRows } = await database
          .updateTable('sessions')
          .set({ generation: sql<never>`generation + 1`, last_used_at: now, idle_expires_at: idleExpiresAt })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .executeTakeFirst()
        return numUpdatedRows > 0n ? sessionStorePostgres(database).find(id) : null
      },
    }),
  },
  {
    name: 'a store that reads, compares and then writes',
    sound: false,
    store: (database) => ({
      ...sessionStorePostgres(database),
      async advance(id, generation, now, idleExpiresAt) {
        const found = await sessionStorePostgres(database).find(id)
        if (!found || found.generation !== generation || found.revokedAt) return null
        const next = { ...found, generation: generation + 1, lastUsedAt: now, idleExpiresAt }
        await database
          .updateTable('sessions')
          .set({ generation: next.generation, last_used_at: now, idle_expires_at: idleExpiresAt })
          .where('id', '=', id)
          .execute()
        return next
      },
    }),
  },
]

describe('the assertion of one winner', () => {
  let server: TestPostgres
  let own: TestDatabase
  let pools: [Database, Database]
  let userId: UserId

  before(async () => {
    server = await startPostgres()
    own = await server.createDatabase()
    const connect = () => connectPostgres(new Secret(own.url), createLog('silent'))
    pools = [connect(), connect()]
    await migrate(pools[0])
    const values = { email: 'racer@example.com', password_hash: null, created_at: clock() }
    const user = await pools[0].insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()
    userId = user.id as UserId
  })
  after(async () => {
    await Promise.all(pools.map((pool) => pool.destroy()))
    await own.drop()
    await server.stop()
  })

  for (const { name, sound, store } of candidates) {
    it(`${sound ? 'passes' : 'goes red'} for ${name}`, async () => {
      const stores = pools.map(store)
      let red = 0
      for (let round = 0; round < 10; round++) {
        const outcomes = await race(stores)
        try {
          assertOneWinner(outcomes)
        } catch (error) {
          assert.ok(error instanceof assert.AssertionError)
          red++
        }
      }
      if (sound) assert.equal(red, 0)
      else assert.ok(red > 0, 'ten races, and the assertion noticed nothing')
    })
  }

  /** One token, presented to the use case by many at once over both pools. */
  async function race(stores: readonly SessionStore[]): Promise<({ won: Session } | { refused: string })[]> {
    const id = randomUUID() as SessionId
    const session = startSession({ id, userId, userAgent: null, ip: null }, clock(), limits)
    const [first] = pools
    await transactPostgres(first)((transaction) => sessionStorePostgres(first).insert(transaction, session, 0))
    const refreshes = stores.map((sessions, index) =>
      refreshSession({
        sessions,
        // The session itself stands for the tokens that follow from it.
        issue: (advanced) => advanced as never,
        audit: auditPostgres,
        transact: transactPostgres(pools[index] ?? first),
        clock,
        limits,
        policy: { window: 10, onReuse: 'refuse' },
      }),
    )
    return Promise.all(
      Array.from({ length: callers }, async (_, index) => {
        try {
          const refresh = refreshes[index % refreshes.length]
          const won = await refresh?.({ userId, sessionId: id, generation: 0 }, caller)
          return { won: won as unknown as Session }
        } catch (error) {
          if (error instanceof Refusal) return { refused: error.code }
          throw error
        }
      }),
    )
  }
})
