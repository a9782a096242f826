import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import { idleEnd, startSession } from '../../src/sessions/domain/session.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { testClock } from '../support/clock.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

// The claim in full is HEAP_STEPS=1000000, which takes minutes.
const steps = Number(process.env.HEAP_STEPS ?? 100_000)
const count = Number(process.env.HEAP_SESSIONS ?? 1000)
/** As many as the pool has connections. */
const parallel = 10
const page = 8192

const limits = { refreshTokenTtl: 300, sessionMaxAge: 86_400 }

describe('refreshes on PostgreSQL', () => {
  it(`are heap-only updates that leave the table as small as it was: ${steps} of ${count} sessions`, async (t) => {
    await using opened = new AsyncDisposableStack()
    const server = opened.use(await startOwnPostgres())
    const { url } = opened.use(await server.createDatabase())
    const connect = () => connectPostgres(new Secret(url), createLog('silent'))
    // A second pool to look with: it must not wait for the first one to tell its figures.
    const looking = connect()
    opened.defer(() => looking.destroy())
    await migrate(looking)
    const clock = testClock()

    const refreshing = connect()
    const store = sessionStorePostgres(refreshing)
    const values = { email: 'person@example.com', password_hash: null, created_at: clock() }
    const user = await looking.insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()
    const ids = Array.from({ length: count }, () => randomUUID() as SessionId)
    await transactPostgres(refreshing)(async (transaction) => {
      for (const id of ids) {
        const device = { userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101', ip: '192.0.2.7' }
        await store.insert(transaction, startSession({ id, userId: user.id as UserId, ...device }, clock(), limits), 0)
      }
    })
    await sql`VACUUM sessions`.execute(looking)
    const before = await sizes()

    // Each lane has sessions of its own, so that every advance is one, and starts at another place of the table, for
    // those who refresh at the same time know nothing of each other.
    const own = count / parallel
    const lane = async (first: number) => {
      for (let turn = 0; turn < steps / parallel; turn++) {
        const place = ((turn + Math.floor((first * own) / parallel)) % own) * parallel + first
        const generation = Math.floor(turn / own)
        // Time goes on, so that every column that a refresh writes changes; one with an index would cost the heap-only.
        clock.advance(0.01)
        const now = clock()
        const advanced = await store.advance(ids[place] as SessionId, generation, now, idleEnd(now, limits))
        assert.equal(advanced?.generation, generation + 1)
      }
    }
    assert.equal(count % parallel, 0)
    assert.equal(steps % parallel, 0)
    await Promise.all(Array.from({ length: parallel }, (_, first) => lane(first)))
    // A connection tells its figures when it ends, at the latest.
    await refreshing.destroy()
    let updates = await told()
    while (updates.all < steps) updates = await told()
    // With no vacuum before: it would give pages back that had to be added.
    const after = await sizes()

    t.diagnostic(`${updates.all} updates, ${updates.hot} of them heap-only (${(updates.hot / updates.all) * 100} %)`)
    t.diagnostic(`table ${before.table} -> ${after.table} bytes, indexes ${before.indexes} -> ${after.indexes} bytes`)
    assert.equal(updates.all, steps)
    // A page has room for a dozen old versions, and a refresh that finds none cleans the page first. Only while a
    // connection sits on an old snapshot, when the machine let it wait, can a page fill up: that update goes elsewhere,
    // to a new page at worst, and into both indexes. Where all are heap-only, nothing grows by a single byte.
    const elsewhere = updates.all - updates.hot
    assert.ok(elsewhere / updates.all <= 0.001, `${elsewhere} updates were not heap-only`)
    const pages = Math.min(elsewhere, parallel)
    assert.ok(after.table <= before.table + pages * page, `the table grew from ${before.table} to ${after.table}`)
    assert.ok(after.indexes <= before.indexes + 2 * pages * page)

    async function told(): Promise<{ all: number; hot: number }> {
      const { rows } = await sql<{ all: number; hot: number }>`
        SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'sessions'`.execute(
        looking,
      )
      return rows[0] ?? { all: 0, hot: 0 }
    }

    async function sizes(): Promise<{ table: number; indexes: number }> {
      const { rows } = await sql<{ table: number; indexes: number }>`
        SELECT pg_relation_size('sessions') AS table, pg_indexes_size('sessions') AS indexes`.execute(looking)
      return rows[0] ?? { table: 0, indexes: 0 }
    }
  })
})

/** One of our own if there can be: what runs in a server's other databases keeps old versions from being cleaned up. */
async function startOwnPostgres(): Promise<TestPostgres> {
  const { TEST_DATABASE_URL: shared } = process.env
  delete process.env.TEST_DATABASE_URL
  try {
    return await startPostgres()
  } catch (error) {
    if (!shared) throw error
    process.env.TEST_DATABASE_URL = shared
    return startPostgres()
  }
}
