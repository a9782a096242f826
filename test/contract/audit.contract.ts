import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Audit, AuditEvent } from '../../src/audit/index.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { auditOn } from '../support/audit.ts'
import { newUser, start, type World } from './world.ts'

export function auditContract(world: () => World): void {
  describe('the audit', () => {
    const caller = { ip: '2001:db8::1', userAgent: 'curl/8', requestId: '0af7651916cd43dd8448eb211c80319c' }
    const audit = (): Audit => auditOn(world().database).audit
    const record = (event: AuditEvent | AuditEvent[]) =>
      world().transact((transaction) => audit().record(transaction, event))
    const eventsOf = (userId: UserId) =>
      world().database.selectFrom('audit_events').selectAll().where('user_id', '=', userId).orderBy('id').execute()
    const whenceOf = (id: number) =>
      world().database.selectFrom('audit_whence').selectAll().where('event_id', '=', id).execute()

    it('records who, what and when, to the millisecond', async () => {
      const [userId, sessionId] = [await newUser(world()), randomUUID() as SessionId]
      await record({ kind: 'logged_in', at: start, userId, sessionId, caller })
      const [{ id, whence_digest, ...row } = { id: null }, ...more] = await eventsOf(userId)
      assert.equal(typeof id, 'number')
      assert.equal(whence_digest?.length, 32)
      assert.deepEqual(row, {
        kind: 'logged_in',
        at: start,
        user_id: userId,
        session_id: sessionId,
        subject: null,
        request_id: caller.requestId,
        ip: null,
      })
      assert.deepEqual(more, [])
    })

    it('records whence in a row of its own, of which the event keeps a salted digest', async () => {
      const userId = await newUser(world())
      const userAgent = 'A browser\u0000\n  of some kind'
      await record({ kind: 'logged_in', at: start, userId, sessionId: null, caller: { ...caller, userAgent } })
      const [event] = await eventsOf(userId)
      const [whence] = await whenceOf(event?.id ?? 0)
      assert.equal(whence?.ip, caller.ip)
      assert.equal(whence.user_agent, 'A browser of some kind')
      const text = JSON.stringify([whence.ip, whence.user_agent])
      assert.deepEqual(event?.whence_digest, createHash('sha256').update(whence.salt).update(text).digest())
    })

    it('records what concerns no person and no session, and what the service did by itself', async () => {
      const subject = randomUUID()
      await record({ kind: 'key_created', at: start, userId: null, sessionId: null, caller: null, subject })
      const query = world().database.selectFrom('audit_events').selectAll().where('subject', '=', subject)
      const { id, ...row } = await query.executeTakeFirstOrThrow()
      const nobody = { user_id: null, session_id: null, whence_digest: null, request_id: null, ip: null }
      assert.deepEqual(row, { kind: 'key_created', at: start, subject, ...nobody })
      assert.deepEqual(await whenceOf(id), [])
    })

    it('keeps the order of events, those of one statement included', async () => {
      const userId = await newUser(world())
      const kinds = ['registered', 'logged_in', 'session_revoked', 'session_revoked', 'logged_out'] as const
      const events = kinds.map((kind) => ({ kind, at: start, userId, sessionId: null, caller }))
      await record(events)
      for (const event of events) await record(event)
      await record([])
      assert.deepEqual(
        (await eventsOf(userId)).map((row) => row.kind),
        [...kinds, ...kinds],
      )
    })

    it('records nothing of a deed that is undone', async () => {
      const userId = await newUser(world())
      const work = world().transact(async (transaction) => {
        await audit().record(transaction, { kind: 'logged_in', at: start, userId, sessionId: null, caller })
        throw new Error('undone')
      })
      await assert.rejects(work, /undone/)
      assert.deepEqual(await eventsOf(userId), [])
    })

    it('outlives the person that it speaks of', async () => {
      const userId = await newUser(world())
      await record({ kind: 'registered', at: start, userId, sessionId: null, caller })
      await world().database.deleteFrom('users').where('id', '=', userId).execute()
      assert.equal((await eventsOf(userId)).length, 1)
    })

    it('has on record what was noted outside of a transaction, once it is told so', async () => {
      const userId = await newUser(world())
      await audit().note({ kind: 'login_failed', at: start, userId, sessionId: null, caller })
      assert.equal((await eventsOf(userId)).length, 1)
    })

    it('says of what others do too that an operator did it', async () => {
      const userId = await newUser(world())
      await audit().note({ kind: 'session_revoked', at: start, userId, sessionId: null, caller, byOperator: true })
      assert.equal((await eventsOf(userId))[0]?.subject, 'by an operator')
    })

    it('keeps a subject as text that is well-formed, of at most 200 characters; of 1000 where it is of a start', async () => {
      const userId = await newUser(world())
      const subject = `a\u0000\ud800\u2028"${'x'.repeat(300)}`
      await audit().note({ kind: 'login_failed', at: start, userId, sessionId: null, caller, subject })
      const [event] = await eventsOf(userId)
      assert.equal(event?.subject, `a \ufffd\u2028"${'x'.repeat(195)}`)
      await audit().note({ kind: 'started', at: start, userId, sessionId: null, caller, subject: 'y'.repeat(1001) })
      assert.equal((await eventsOf(userId))[1]?.subject, 'y'.repeat(1000))
    })
  })
}
