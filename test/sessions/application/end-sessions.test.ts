import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId, UserId } from '../../../src/kernel/ids.ts'
import { endSessions } from '../../../src/sessions/application/end-sessions.ts'
import { transcript } from '../../support/transcript.ts'

const [userId, sessionId] = [7 as UserId, '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId]
const other = '1b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId
const now = new Date('2026-11-22T12:00:00.000Z')
const operator = { ip: null, userAgent: 'latchkey/1 operator root@db', requestId: 'a'.repeat(32) }

function ending(live: SessionId[]) {
  const script = transcript()
  const sessions = {
    findOwnership: async (id: SessionId) => (live.includes(id) ? { userId } : null),
    async revoke(transaction: never, of: UserId, which: object) {
      script.didWithin(transaction, 'revoke', of, which)
      return live
    },
  }
  const deps = { sessions, audit: script.audit, transact: script.transact, clock: () => now }
  return { script, end: endSessions(deps as never) }
}
const event = (sessionId: SessionId) => [
  'recorded',
  { kind: 'session_revoked', at: now, userId, sessionId, caller: operator, byOperator: true },
]

describe('ending sessions as an operator', () => {
  it('ends one, whosever it is, on record in the same transaction', async () => {
    const { script, end } = ending([sessionId])
    assert.deepEqual(await end({ sessionId }, operator), [sessionId])
    assert.deepEqual(script.lines, ['begin', ['revoke', userId, { only: sessionId }], event(sessionId), 'commit'])
  })

  it('ends all of a user, each on record', async () => {
    const { script, end } = ending([sessionId, other])
    assert.deepEqual(await end({ userId }, operator), [sessionId, other])
    const revoked = ['revoke', userId, { allBut: null }]
    assert.deepEqual(script.lines, ['begin', revoked, event(sessionId), event(other), 'commit'])
  })

  it('refuses a session that is not there, and takes a user without any as done', async () => {
    const { script, end } = ending([])
    await assert.rejects(end({ sessionId }, operator), {
      code: 'not_found',
      because: 'no live session has this id',
    })
    assert.deepEqual(script.lines, [])
    assert.deepEqual(await ending([]).end({ userId }, operator), [])
  })
})
