import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import type { SessionStore, Which } from '../../src/sessions/application/ports.ts'
import { idleEnd, type Session, startSession } from '../../src/sessions/domain/session.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'

const start = new Date('2026-11-22T12:00:00.000Z')
const limits = { refreshTokenTtl: 300, sessionMaxAge: 3600 }
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000)
const elsewhere = randomUUID() as SessionId

/** A request looks at the clock before it waits for a connection: what it then does to the row may come late. */
describe('a refresh that was asked for just before its session ran out, and done just after', () => {
  let server: TestPostgres
  let own: TestDatabase
  let database: Database
  let sessions: SessionStore
  let userId: UserId

  before(async () => {
    server = await startPostgres()
    own = await server.createDatabase()
    database = connectPostgres(new Secret(own.url), createLog('silent'))
    sessions = sessionStorePostgres(database)
    await migrate(database)
    const values = { email: 'racer@example.com', password_hash: null, created_at: start }
    userId = (await database.insertInto('users').values(values).returning('id').executeTakeFirstOrThrow()).id as UserId
  })
  after(async () => {
    await database.destroy()
    await own.drop()
    await server.stop()
  })

  const open = async (): Promise<Session> => {
    const device = { userAgent: null, ip: null }
    const session = startSession({ id: randomUUID() as SessionId, userId, ...device }, start, limits)
    await transactPostgres(database)((transaction) => sessions.insert(transaction, session, 0))
    return session
  }
  const revoke = (which: Which, now: Date) =>
    transactPostgres(database)((transaction) => sessions.revoke(transaction, userId, which, now))
  const lateRefresh = ({ id }: Session) => sessions.advance(id, 0, later(299.999), idleEnd(later(299.999), limits))

  const ends: Readonly<Record<string, (session: Session) => Which>> = {
    'one session': ({ id }) => ({ only: id }),
    'all sessions but another': () => ({ allBut: elsewhere }),
    'all sessions': () => ({ allBut: null }),
  }
  for (const [what, which] of Object.entries(ends)) {
    it(`does not outlive an end of ${what} that came in between`, async () => {
      const session = await open()
      assert.deepEqual(await revoke(which(session), later(300.001)), [], 'what had run out is not reported as ended')
      assert.equal(await lateRefresh(session), null)
      assert.deepEqual(await sessions.listLive(userId, later(300.001)), [])
    })
  }

  it('succeeds where nobody ended the session', async () => {
    assert.equal((await lateRefresh(await open()))?.generation, 1)
  })

  it('a bound on sessions spares the live ones that were used last, whatever has run out beside them', async () => {
    await revoke({ allBut: null }, start)
    const [oldest, middle, newest] = [await open(), await open(), await open()]
    await open()
    for (const [index, { id }] of [oldest, middle, newest].entries()) {
      const now = later(200 + index)
      await sessions.advance(id, 0, now, idleEnd(now, limits))
    }
    assert.deepEqual(await revoke({ allBut: newest.id, spare: 1 }, later(400)), [oldest.id])
    const live = await sessions.listLive(userId, later(400))
    assert.deepEqual(
      live.map(({ id }) => id),
      [newest.id, middle.id],
    )
  })
})
