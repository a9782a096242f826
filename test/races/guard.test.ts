import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Clock } from '../../src/kernel/clock.ts'
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
import { isLive, type Session, startSession } from '../../src/sessions/domain/session.ts'
import { sessionOf } from '../../src/sessions/infrastructure/session-row.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { auditOn } from '../support/audit.ts'
import { testClock } from '../support/clock.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { assertNoWinner, assertOneWinner, type Outcome } from './arena.ts'

const clock = testClock()
const limits = { refreshTokenTtl: 300, sessionMaxAge: 3600 }
const callers = 50
const caller = { ip: null, userAgent: null, requestId: '0'.repeat(32) }

/** What a race asserts about the refreshes of one token. */
type Claim = 'one wins of many' | 'none wins after an ending' | 'none wins after the idle end'
const claims: readonly Claim[] = ['one wins of many', 'none wins after an ending', 'none wins after the idle end']

/** A store with its database, and the assertions that have to go red for it; where none has to, all have to pass. */
interface Candidate {
  readonly name: string
  readonly caughtBy: readonly Claim[]
  readonly store: (database: Database) => SessionStore
}

const candidates: readonly Candidate[] = [
  { name: 'the store', caughtBy: [], store: sessionStorePostgres },
  // So that the three that follow are caught for what they leave out, and not for how they are written.
  { name: 'a store whose update is written anew with all its conditions', caughtBy: [], store: without(null) },
  {
    name: 'a store whose update has no guard on the generation',
    caughtBy: ['one wins of many'],
    store: without('generation'),
  },
  {
    name: 'a store whose update does not ask whether the session was revoked',
    caughtBy: ['none wins after an ending'],
    store: without('revoked_at'),
  },
  {
    name: 'a store whose update does not ask whether the session ran out',
    caughtBy: ['none wins after the idle end'],
    store: without('idle_expires_at'),
  },
  {
    name: 'a store whose batches have no guard on the generation',
    caughtBy: ['one wins of many'],
    store: rewritten('USING (id, generation)', 'USING (id)'),
  },
  {
    name: 'a store whose batches do not ask whether a session was revoked',
    caughtBy: ['none wins after an ending'],
    store: rewritten('sessions.revoked_at IS NULL AND', ''),
  },
  {
    name: 'a store whose batches do not ask whether a session ran out',
    caughtBy: ['none wins after the idle end'],
    store: rewritten('AND sessions.idle_expires_at > asked.now', ''),
  },
  {
    name: 'a store that reads, compares and then writes',
    caughtBy: ['one wins of many', 'none wins after an ending'],
    store: (database) => ({
      ...sessionStorePostgres(database),
      async advance(id, generation, now, idleExpiresAt) {
        const found = await read(database, id)
        if (!found || found.generation !== generation || !isLive(found, now)) return null
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

/** A session as it is, held by nobody. */
async function read(database: Database, id: SessionId): Promise<Session | null> {
  const row = await database.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? sessionOf(row) : null
}

/** The store with one of the conditions left out of its update. */
function without(condition: 'generation' | 'revoked_at' | 'idle_expires_at' | null): Candidate['store'] {
  return (database) => ({
    ...sessionStorePostgres(database),
    async advance(id, generation, now, idleExpiresAt) {
      const { numUpdatedRows } = await database
        .updateTable('sessions')
        .set({ generation: sql<never>`generation + 1`, last_used_at: now, idle_expires_at: idleExpiresAt })
        .where('id', '=', id)
        .$if(condition !== 'generation', (update) => update.where('generation', '=', generation))
        .$if(condition !== 'revoked_at', (update) => update.where('revoked_at', 'is', null))
        .$if(condition !== 'idle_expires_at', (update) => update.where('idle_expires_at', '>', now))
        .executeTakeFirst()
      return numUpdatedRows > 0n ? read(database, id) : null
    },
  })
}

/** The store with its statement for many sessions at once changed. */
function rewritten(from: string, to: string): Candidate['store'] {
  // A connection that has prepared one text under a name takes no other under it.
  const name = from.toLowerCase().replaceAll(/[^a-z]+/g, '-')
  return (database) => {
    const altered = Object.create(database) as Database
    altered.executeQuery = (query) => {
      if (!('sql' in query) || !query.sql.includes('advance-sessions')) return database.executeQuery(query)
      assert.ok(query.sql.includes(from), `the statement has no ${from}`)
      return database.executeQuery({ ...query, sql: query.sql.replace('advance-sessions', name).replace(from, to) })
    }
    return { ...sessionStorePostgres(database), advance: sessionStorePostgres(altered).advance }
  }
}

describe('the assertions of the races', () => {
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

  for (const claim of claims) {
    for (const { name, caughtBy, store } of candidates) {
      const sound = caughtBy.length === 0
      if (!sound && !caughtBy.includes(claim)) continue
      it(`${claim}: ${sound ? 'passes' : 'goes red'} for ${name}`, async () => {
        const stores = pools.map((pool) => store(pool))
        let red = 0
        for (let round = 0; round < 10; round++) {
          try {
            await assertions[claim](stores)
          } catch (error) {
            assert.ok(error instanceof assert.AssertionError)
            red++
          }
        }
        if (sound) assert.equal(red, 0)
        else assert.ok(red > 0, 'ten races, and the assertion noticed nothing')
      })
    }
  }

  it('each is seen to go red', () => {
    const seen = new Set(candidates.flatMap(({ caughtBy }) => caughtBy))
    assert.deepEqual(
      claims.filter((claim) => !seen.has(claim)),
      [],
    )
  })

  const assertions: Readonly<Record<Claim, (stores: readonly SessionStore[]) => Promise<void>>> = {
    async 'one wins of many'(stores) {
      const session = await open()
      assertOneWinner(await Promise.all(present(stores, session, callers)))
    },

    // The row is held by whoever ends the session until all of the refreshes wait for it.
    async 'none wins after an ending'(stores) {
      const session = await open()
      const [first] = pools
      const refreshes = await transactPostgres(first)(async (transaction) => {
        await sessionStorePostgres(first).revoke(transaction, userId, { only: session.id }, clock())
        const sent = present(stores, session, 8)
        let answered = 0
        for (const outcome of sent) void outcome.finally(() => answered++).catch(() => undefined)
        while ((await waiting()) < sent.length) assert.equal(answered, 0, 'a refresh was answered without the row')
        return sent
      })
      assertNoWinner(await Promise.all(refreshes), 'invalid_token')
      assertNoWinner(await Promise.all(present(stores, session, 2)), 'invalid_token')
    },

    // Between the look at a token and the statement its last second may end.
    async 'none wins after the idle end'(stores) {
      const session = await open()
      assertNoWinner(await Promise.all(present(stores, session, callers, () => session.idleExpiresAt)), 'token_expired')
    },
  }

  async function open(): Promise<Session> {
    const id = randomUUID() as SessionId
    const session = startSession({ id, userId, userAgent: null, ip: null }, clock(), limits)
    const [first] = pools
    await transactPostgres(first)((transaction) => sessionStorePostgres(first).insert(transaction, session, 0))
    return session
  }

  /** The session's first token, presented to the use case by many at once over both pools. */
  function present(
    stores: readonly SessionStore[],
    { id, generation }: Session,
    times: number,
    now: Clock = clock,
  ): Promise<Outcome<Session>>[] {
    const refreshes = stores.map((sessions, index) =>
      refreshSession({
        sessions,
        // The session itself stands for the tokens that follow from it.
        issue: (advanced) => advanced as never,
        audit: auditOn(pools[index] ?? pools[0]).audit,
        noteRefusal: async () => undefined,
        onRefresh: () => undefined,
        transact: transactPostgres(pools[index] ?? pools[0]),
        clock: now,
        limits,
        policy: { window: 10, onReuse: 'refuse' },
      }),
    )
    return Array.from({ length: times }, async (_, index) => {
      try {
        const refresh = refreshes[index % refreshes.length]
        const won = await refresh?.({ userId, sessionId: id, generation }, caller)
        return { won: won as unknown as Session }
      } catch (error) {
        if (error instanceof Refusal) return { refused: error.code }
        throw error
      }
    })
  }

  /** How many connections to the database wait for a lock. */
  async function waiting(): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::int FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(pools[1])
    return rows[0]?.count ?? 0
  }
})
