import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import type { SessionStore, Which } from '../../src/sessions/application/ports.ts'
import type { Session } from '../../src/sessions/domain/session.ts'
import { sessionStorePostgres } from '../../src/sessions/infrastructure/session-store.postgres.ts'
import { after, gate, newUser, start, type World } from './world.ts'

export function sessionStoreContract(world: () => World): void {
  describe('the session store', () => {
    let sessions: SessionStore
    let userId: UserId
    beforeEach(async () => {
      sessions = sessionStorePostgres(world().database)
      userId = await newUser(world())
    })

    const sessionOf = (change: Partial<Session> = {}): Session => ({
      id: randomUUID() as SessionId,
      userId,
      generation: 0,
      createdAt: start,
      lastUsedAt: start,
      idleExpiresAt: after(300),
      expiresAt: after(1000),
      revokedAt: null,
      userAgent: 'curl/8',
      ip: '2001:db8::1',
      ...change,
    })
    const insert = (session: Session, epoch = 0) =>
      world().transact((transaction) => sessions.insert(transaction, session, epoch))
    const open = async (change: Partial<Session> = {}) => {
      const session = sessionOf(change)
      assert.equal(await insert(session), true)
      return session
    }
    const revoke = (which: Which, now = after(1), of = userId) =>
      world().transact((transaction) => sessions.revoke(transaction, of, which, now))
    const advance = (id: SessionId, generation = 0, now = after(100), idleExpiresAt = after(400)) =>
      sessions.advance(id, generation, now, idleExpiresAt)
    const idsOf = (some: readonly { id: SessionId }[]) => some.map(({ id }) => id)

    const stored = (id: SessionId) => world().transact((transaction) => sessions.lock(transaction, id))

    describe('insert', () => {
      it('keeps every field, moments to the millisecond, and ids as a number and a lower-case UUID', async () => {
        const session = await open()
        assert.deepEqual(await stored(session.id), session)
      })

      it('keeps a session without a device', async () => {
        const session = await open({ userAgent: null, ip: null })
        assert.deepEqual(await stored(session.id), session)
      })

      it('answers false for a user who is gone, or whose epoch is another by now', async () => {
        const late = sessionOf()
        assert.equal(await insert(late, 1), false)
        assert.equal(await stored(late.id), null)
        await world().database.deleteFrom('users').where('id', '=', userId).execute()
        assert.equal(await insert(late), false)
      })

      it('refuses a session that is idle past its end', async () => {
        await assert.rejects(insert(sessionOf({ idleExpiresAt: after(1001) })), { constraint: 'sessions_end' })
      })
    })

    describe('findOwnership', () => {
      it('answers whose the session is and what decides whether it is live', async () => {
        const { id, idleExpiresAt, expiresAt } = await open()
        const { email } = await world()
          .database.selectFrom('users')
          .select('email')
          .where('id', '=', userId)
          .executeTakeFirstOrThrow()
        const ownership = { userId, email, idleExpiresAt, expiresAt }
        assert.deepEqual(await sessions.findOwnership(id), { ...ownership, revokedAt: null })
        await revoke({ only: id }, after(5))
        assert.deepEqual(await sessions.findOwnership(id), { ...ownership, revokedAt: after(5) })
      })

      it('answers null for what is not there', async () => {
        assert.equal(await sessions.findOwnership(randomUUID() as SessionId), null)
      })

      it('answers each of many who ask at once with their own', async () => {
        const strangers = await Promise.all(Array.from({ length: 5 }, () => newUser(world())))
        const opened = await Promise.all(strangers.map((of) => open({ userId: of })))
        const missing = randomUUID() as SessionId
        const asked = [...idsOf(opened), missing, ...idsOf(opened)]
        const found = await Promise.all(asked.map((id) => sessions.findOwnership(id)))
        assert.deepEqual(
          found.map((one) => one?.userId ?? null),
          [...strangers, null, ...strangers],
        )
      })
    })

    describe('listLive', () => {
      it("lists the user's own live sessions, the last used first, and by id where they are equal", async () => {
        const [old, young] = [await open(), await open({ lastUsedAt: after(2) })]
        const equals = [await open({ lastUsedAt: after(1) }), await open({ lastUsedAt: after(1) })]
        await open({ userId: await newUser(world()) })
        const revoked = await open()
        await revoke({ only: revoked.id })
        const sorted = idsOf(equals).toSorted()
        assert.deepEqual(idsOf(await sessions.listLive(userId, after(3))), [young.id, ...sorted, old.id])
      })

      it('leaves out a session from its idle end on', async () => {
        const session = await open()
        assert.deepEqual(await sessions.listLive(userId, new Date(after(300).getTime() - 1)), [session])
        assert.deepEqual(await sessions.listLive(userId, after(300)), [])
      })
    })

    describe('advance', () => {
      it('moves a session to the next generation and answers it as it then is', async () => {
        const session = await open()
        const moved = { ...session, generation: 1, lastUsedAt: after(100), idleExpiresAt: after(400) }
        assert.deepEqual(await advance(session.id), moved)
        assert.deepEqual(await stored(session.id), moved)
      })

      it('lets exactly one of many through', async () => {
        const { id } = await open()
        const answers = await Promise.all(Array.from({ length: 20 }, () => advance(id)))
        assert.equal(answers.filter((answer) => answer !== null).length, 1)
        assert.equal((await stored(id))?.generation, 1)
      })

      it('never moves the absolute end, and no idle end past it', async () => {
        const { id } = await open()
        const moved = await advance(id, 0, after(299), after(1001))
        assert.deepEqual([moved?.idleExpiresAt, moved?.expiresAt], [after(1000), after(1000)])
      })

      it('goes on in the last millisecond of a session and no later', async () => {
        const { id } = await open()
        assert.equal(await advance(id, 0, after(300)), null)
        assert.equal((await advance(id, 0, new Date(after(300).getTime() - 1)))?.generation, 1)
      })

      const refused: [what: string, generation: number, prepare: (id: SessionId) => Promise<unknown>][] = [
        ['of an older generation', 0, (id) => advance(id)],
        ['of a generation still to come', 1, async () => undefined],
        ['that is revoked', 0, (id) => revoke({ only: id })],
        ['that is gone', 0, (id) => world().database.deleteFrom('sessions').where('id', '=', id).execute()],
      ]
      for (const [what, generation, prepare] of refused) {
        it(`leaves a session as it is ${what}, and answers null`, async () => {
          const { id } = await open()
          await prepare(id)
          const before = await stored(id)
          assert.equal(await advance(id, generation), null)
          assert.deepEqual(await stored(id), before)
        })
      }

      it('moves many at once, each by its own conditions and to its own times', async () => {
        const all = await Promise.all(Array.from({ length: 60 }, () => open()))
        const [ran, raced, revoked, missing] = all
        assert.ok(ran && raced && revoked && missing)
        await advance(raced.id)
        await revoke({ only: revoked.id })
        await world().database.deleteFrom('sessions').where('id', '=', missing.id).execute()
        const answers = await Promise.all(
          all.map(({ id }, index) => (id === ran.id ? advance(id, 0, after(300)) : advance(id, 0, after(100 + index)))),
        )
        const wanted = all.map((session, index) =>
          index < 4 ? null : { ...session, generation: 1, lastUsedAt: after(100 + index), idleExpiresAt: after(400) },
        )
        assert.deepEqual(answers, wanted)
        const found = await Promise.all(all.map(({ id }) => stored(id)))
        assert.deepEqual(found.slice(4), wanted.slice(4))
        assert.equal(found[0]?.generation, 0)
      })

      it('moves the others when one of those that meet can not be written', async () => {
        const [full, ...others] = await Promise.all(Array.from({ length: 10 }, () => open()))
        assert.ok(full)
        const last = 2_147_483_647
        await world()
          .database.updateTable('sessions')
          .set({ generation: sql`${last}` })
          .where('id', '=', full.id)
          .execute()
        const [refused, ...moved] = await Promise.allSettled([
          advance(full.id, last),
          ...others.map(({ id }) => advance(id)),
        ])
        assert.equal(refused?.status, 'rejected')
        for (const one of moved) assert.equal(one.status === 'fulfilled' && one.value?.generation, 1)
      })

      it('leaves other sessions as they are', async () => {
        const [one, other] = [await open(), await open()]
        await advance(one.id)
        assert.deepEqual(await stored(other.id), other)
      })
    })

    describe('lock', () => {
      it('holds the session until the transaction ends', async () => {
        const { id } = await open()
        const [locked, release] = [gate(), gate()]
        const done: string[] = []
        const first = world().transact(async (transaction) => {
          assert.equal((await sessions.lock(transaction, id))?.id, id)
          locked.resolve()
          await release.promise
          done.push('first')
        })
        await locked.promise
        const second = advance(id).then(() => done.push('second'))
        await sleep(50)
        assert.deepEqual(done, [])
        release.resolve()
        await Promise.all([first, second])
        assert.deepEqual(done, ['first', 'second'])
      })

      it('answers a session that is revoked too, and null for none', async () => {
        const { id } = await open()
        await revoke({ only: id }, after(5))
        assert.deepEqual((await stored(id))?.revokedAt, after(5))
        assert.equal(await stored(randomUUID() as SessionId), null)
      })
    })

    describe('revoke', () => {
      const revokedOf = async (id: SessionId) => (await stored(id))?.revokedAt

      it('ends one session, and no other', async () => {
        const [one, other] = [await open(), await open()]
        assert.deepEqual(await revoke({ only: one.id }, after(7)), [one.id])
        assert.deepEqual(await revokedOf(one.id), after(7))
        assert.equal(await revokedOf(other.id), null)
      })

      it('ends all but one', async () => {
        const [one, two, kept] = [await open(), await open(), await open()]
        const ended = await revoke({ allBut: kept.id })
        assert.deepEqual(ended.toSorted(), [one.id, two.id].toSorted())
        assert.deepEqual(idsOf(await sessions.listLive(userId, after(2))), [kept.id])
      })

      it('ends all', async () => {
        const opened = [await open(), await open()]
        assert.deepEqual((await revoke({ allBut: null })).toSorted(), idsOf(opened).toSorted())
        assert.deepEqual(await sessions.listLive(userId, after(2)), [])
      })

      it('ends all but those that were used last, and counts none that is over', async () => {
        await open({ lastUsedAt: after(9), idleExpiresAt: after(1) })
        const opened = []
        for (let second = 0; second < 5; second++) opened.push(await open({ lastUsedAt: after(second) }))
        const [first, second, ...rest] = idsOf(opened)
        assert.deepEqual((await revoke({ allBut: null, spare: 3 })).toSorted(), [first, second].toSorted())
        assert.deepEqual(idsOf(await sessions.listLive(userId, after(2))), rest.toReversed())
        assert.deepEqual(await revoke({ allBut: null, spare: 3 }), [])
      })

      it("touches no other user's sessions", async () => {
        const stranger = await newUser(world())
        const theirs = await open({ userId: stranger })
        assert.deepEqual(await revoke({ only: theirs.id }), [])
        assert.deepEqual(await revoke({ allBut: randomUUID() as SessionId }), [])
        assert.deepEqual(await revoke({ allBut: null }), [])
        assert.equal(await revokedOf(theirs.id), null)
      })

      it('leaves what is revoked already as it is, and does not answer it', async () => {
        const { id } = await open()
        await revoke({ only: id }, after(10))
        for (const which of [{ only: id }, { allBut: null }]) assert.deepEqual(await revoke(which, after(50)), [])
        assert.deepEqual(await revokedOf(id), after(10))
      })

      it('ends what has run out too, but does not answer it, so that a clock that is behind does not refresh it', async () => {
        const { id } = await open({ idleExpiresAt: after(50) })
        assert.deepEqual(await revoke({ only: id }, after(50)), [])
        assert.deepEqual(await revokedOf(id), after(50))
        assert.equal(await advance(id, 0, after(49)), null)
      })

      it('answers each session to one of many who end it at once', async () => {
        const { id } = await open()
        await open()
        const answers = await Promise.all(Array.from({ length: 10 }, () => revoke({ only: id })))
        assert.deepEqual(answers.flat(), [id])
      })
    })

    describe('what is over', () => {
      const purge = (deadline: Date, place = 0) =>
        world().transact((transaction) => sessions.purge(transaction, deadline, place))

      it('is deleted once it has been over since before the deadline, and nothing else is', async () => {
        await sql`DELETE FROM sessions`.execute(world().database)
        const [idle, atDeadline] = [await open({ idleExpiresAt: after(99) }), await open({ idleExpiresAt: after(100) })]
        const [revoked, live] = [await open(), await open()]
        await revoke({ only: revoked.id }, after(98))
        assert.deepEqual(await purge(after(100)), { purged: 2, next: null })
        for (const { id } of [idle, revoked]) assert.equal(await stored(id), null)
        for (const { id } of [atDeadline, live]) assert.notEqual(await stored(id), null)
      })

      it('is not looked for outside of the stretch', async () => {
        await open({ idleExpiresAt: after(1) })
        assert.deepEqual(await purge(after(100), 100_000), { purged: 0, next: null })
      })

      it('goes with its user', async () => {
        const [mine, theirs] = [await open(), await open({ userId: await newUser(world()) })]
        await world().database.deleteFrom('users').where('id', '=', userId).execute()
        assert.equal(await stored(mine.id), null)
        assert.notEqual(await stored(theirs.id), null)
      })
    })
  })
}
