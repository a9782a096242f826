import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { type AuditEvent, auditPostgres } from '../../src/audit/index.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { newUser, start, type World } from './world.ts'

export function auditContract(world: () => World): void {
  describe('the audit', () => {
    const caller = { ip: '2001:db8::1', userAgent: 'curl/8', requestId: '0af7651916cd43dd8448eb211c80319c' }
    const record = (event: AuditEvent) => world().transact((transaction) => auditPostgres.record(transaction, event))
    const eventsOf = (userId: UserId) =>
      world().database.selectFrom('audit_events').selectAll().where('user_id', '=', userId).orderBy('id').execute()

    it('records who, what, when and whence, to the millisecond', async () => {
      const [userId, sessionId] = [await newUser(world()), randomUUID() as SessionId]
      await record({ kind: 'logged_in', at: start, userId, sessionId, caller })
      const [{ id, ...row } = { id: null }, ...more] = await eventsOf(userId)
      assert.equal(typeof id, 'number')
      assert.deepEqual(row, {
        kind: 'logged_in',
        at: start,
        user_id: userId,
        session_id: sessionId,
        subject: null,
        ip: caller.ip,
        request_id: caller.requestId,
      })
      assert.deepEqual(more, [])
    })

    it('records what concerns no person and no session, and what the service did by itself', async () => {
      const subject = randomUUID()
      await record({ kind: 'key_created', at: start, userId: null, sessionId: null, caller: null, subject })
      const query = world().database.selectFrom('audit_events').selectAll().where('subject', '=', subject)
      const { id: _, ...row } = await query.executeTakeFirstOrThrow()
      const nobody = { user_id: null, session_id: null, ip: null, request_id: null }
      assert.deepEqual(row, { kind: 'key_created', at: start, subject, ...nobody })
    })

    it('keeps the order of events', async () => {
      const userId = await newUser(world())
      const kinds = ['registered', 'logged_in', 'session_revoked', 'logged_out'] as const
      for (const kind of kinds) await record({ kind, at: start, userId, sessionId: null, caller })
      assert.deepEqual(
        (await eventsOf(userId)).map((row) => row.kind),
        kinds,
      )
    })

    it('records nothing of a deed that is undone', async () => {
      const userId = await newUser(world())
      const work = world().transact(async (transaction) => {
        await auditPostgres.record(transaction, { kind: 'logged_in', at: start, userId, sessionId: null, caller })
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
  })
}
