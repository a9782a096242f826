import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { databaseRefusal } from '../../src/platform/postgres/faults.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import type { SessionStore } from '../../src/sessions/application/ports.ts'
import { idleEnd, type Session, startSession } from '../../src/sessions/domain/session.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { testClock } from '../support/clock.ts'
import { startPostgres } from '../support/postgres.ts'

const now = testClock()()
const limits = { refreshTokenTtl: 300, sessionMaxAge: 3600 }

/** Two processes' worth of stores and pools on one PostgreSQL. */
describe('rotations that meet, of many sessions in two processes', () => {
  const opened = new AsyncDisposableStack()
  let pools: [Database, Database]
  let stores: [SessionStore, SessionStore]
  let userId: UserId
  before(async () => {
    const server = opened.use(await startPostgres())
    const { url } = opened.use(await server.createDatabase())
    const connect = () => {
      const database = connectPostgres(new Secret(url), createLog('silent'))
      opened.defer(() => database.destroy())
      return database
    }
    pools = [connect(), connect()]
    await migrate(pools[0])
    const values = { email: 'racer@example.com', password_hash: null, created_at: now }
    const user = await pools[0].insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()
    userId = user.id as UserId
  })
  after(() => opened.disposeAsync())
  beforeEach(() => {
    stores = [sessionStorePostgres(pools[0]), sessionStorePostgres(pools[1])]
  })

  async function open(): Promise<SessionId> {
    const id = randomUUID() as SessionId
    const session = startSession({ id, userId, userAgent: null, ip: null }, now, limits)
    assert.equal(await transactPostgres(pools[0])((transaction) => stores[0].insert(transaction, session, 0)), true)
    return id
  }
  const openMany = (count: number) => Promise.all(Array.from({ length: count }, open))
  const advance = (store: SessionStore, id: SessionId, generation = 0) =>
    store.advance(id, generation, now, idleEnd(now, limits))
  const generationOf = async (id: SessionId) =>
    (await transactPostgres(pools[1])((transaction) => stores[1].lock(transaction, id)))?.generation

  /** Has the database do that, in the middle of the statement, when it comes to one of these sessions. */
  async function sabotage(deed: string, ids: readonly SessionId[]): Promise<AsyncDisposable> {
    const list = ids.map((id) => `'${id}'`).join(', ')
    await sql
      .raw(
        `CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${deed}; RETURN NEW; END $$;
         CREATE TRIGGER sabotage BEFORE UPDATE ON sessions FOR EACH ROW WHEN (OLD.id IN (${list}))
         EXECUTE FUNCTION sabotage()`,
      )
      .execute(pools[1])
    return {
      async [Symbol.asyncDispose]() {
        await sql.raw('DROP FUNCTION sabotage CASCADE').execute(pools[1])
      },
    }
  }

  it('cross without a deadlock, and of all who come for a session one moves it', async () => {
    const ids = await openMany(100)
    for (let generation = 0; generation < 20; generation++) {
      const [forwards, backwards] = await Promise.all([
        Promise.all(ids.map((id) => advance(stores[0], id, generation))),
        Promise.all(ids.toReversed().map((id) => advance(stores[1], id, generation))),
      ])
      for (const [index, id] of ids.entries()) {
        const winners = [forwards[index], backwards.at(-1 - index)].filter((session) => session)
        assert.equal(winners.length, 1)
        assert.deepEqual([winners[0]?.id, winners[0]?.generation], [id, generation + 1])
      }
    }
  })

  it('hold the same sessions twice and three times, and of all who come for a session one moves it', async () => {
    const ids = await openMany(30)
    const answers = await Promise.all([...ids, ...ids.toReversed(), ...ids].map((id) => advance(stores[0], id)))
    const winners = answers.filter((session): session is Session => session !== null)
    assert.deepEqual(winners.map(({ id }) => id).toSorted(), ids.toSorted())
  })

  it('do not wait for a session that somebody else holds', async () => {
    const [held, ...others] = await openMany(40)
    assert.ok(held)
    await using own = await pools[1].startTransaction().execute().then(disposable)
    await own.transaction.selectFrom('sessions').select('id').where('id', '=', held).forUpdate().execute()
    let done = false
    const waiting = advance(stores[0], held).finally(() => {
      done = true
    })
    // More rounds than there are connections and lanes: none of them is used up by the one that waits.
    for (let generation = 0; generation < 30; generation++) {
      const moved = await Promise.all(others.map((id) => advance(stores[0], id, generation)))
      for (const session of moved) assert.equal(session?.generation, generation + 1)
    }
    assert.equal(done, false)
    await own.transaction.commit().execute()
    assert.equal((await waiting)?.generation, 1)
  })

  it('that fail half-way are taken apart: the one at fault is refused, and all others are moved', async () => {
    const ids = await openMany(40)
    const [bad] = ids.slice(20)
    assert.ok(bad)
    await using _ = await sabotage("RAISE EXCEPTION 'no' USING ERRCODE = '22000'", [bad])
    const answers = await Promise.allSettled(ids.map((id) => advance(stores[0], id)))
    for (const [index, answer] of answers.entries()) {
      if (ids[index] === bad) assert.equal(answer.status, 'rejected')
      else assert.equal(answer.status === 'fulfilled' && answer.value?.generation, 1)
    }
    assert.equal(await generationOf(bad), 0)
  })

  it('whose connection breaks half-way are all refused, none is moved, and each can be tried again', async () => {
    const ids = await openMany(40)
    {
      await using _ = await sabotage('PERFORM pg_terminate_backend(pg_backend_pid())', ids.slice(20, 21))
      const answers = await Promise.allSettled(ids.map((id) => advance(stores[0], id)))
      for (const answer of answers) {
        assert.equal(answer.status === 'rejected' && databaseRefusal(answer.reason)?.code, 'database_unavailable')
      }
      for (const id of ids) assert.equal(await generationOf(id), 0)
    }
    const again = await Promise.all(ids.map((id) => advance(stores[0], id)))
    for (const session of again) assert.equal(session?.generation, 1)
  })
})

const disposable = <T extends { rollback(): { execute(): Promise<void> }; readonly isCommitted?: boolean }>(
  transaction: T,
) => ({
  transaction,
  async [Symbol.asyncDispose]() {
    if (!transaction.isCommitted) await transaction.rollback().execute()
  },
})
