import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId } from '../../../src/kernel/ids.ts'
import { logOut } from '../../../src/sessions/application/log-out.ts'
import type { SessionStore } from '../../../src/sessions/application/ports.ts'
import { revokeAllSessions } from '../../../src/sessions/application/revoke-all-sessions.ts'
import { revokeOtherSessions } from '../../../src/sessions/application/revoke-other-sessions.ts'
import { revokeSession } from '../../../src/sessions/application/revoke-session.ts'
import { transcript } from '../../support/transcript.ts'
import { at, caller, otherSessionId, session } from '../sample.ts'

const { id, userId } = session
const claims = { userId, sessionId: id }
const now = at(200)

/** A store in which those sessions were live until they were revoked. */
function ending(live: SessionId[]) {
  const script = transcript()
  const sessions = {
    async revoke(transaction, user, which, moment) {
      script.didWithin(transaction, 'revoke', user, which, moment)
      return live
    },
  } as Partial<SessionStore> as SessionStore
  return { script, deps: { sessions, audit: script.audit, transact: script.transact, clock: () => now } }
}
const recorded = (kind: string, sessionId: SessionId, by = caller) => [
  'recorded',
  { kind, at: now, userId, sessionId, caller: by },
]

describe('a log-out', () => {
  it('ends the session of its token alone, on record', async () => {
    const { script, deps } = ending([id])
    await logOut(deps)(claims, caller)
    const revoked = ['revoke', userId, { only: id }, now]
    assert.deepEqual(script.lines, ['begin', revoked, recorded('logged_out', id), 'commit'])
  })

  it('of a session that has ended already is no error and no event', async () => {
    const { script, deps } = ending([])
    await logOut(deps)(claims, caller)
    assert.deepEqual(script.lines, ['begin', ['revoke', userId, { only: id }, now], 'commit'])
  })
})

describe("the end of one of a person's sessions", () => {
  it('names the session and its owner, and is on record', async () => {
    const { script, deps } = ending([otherSessionId])
    await revokeSession(deps)(claims, otherSessionId, caller)
    const revoked = ['revoke', userId, { only: otherSessionId }, now]
    assert.deepEqual(script.lines, ['begin', revoked, recorded('session_revoked', otherSessionId), 'commit'])
  })

  it('is not found, and leaves no event, when the person has no such live session', async () => {
    const { script, deps } = ending([])
    await assert.rejects(revokeSession(deps)(claims, otherSessionId, caller), { name: 'Refusal', code: 'not_found' })
    assert.deepEqual(script.lines, ['begin', ['revoke', userId, { only: otherSessionId }, now], 'commit'])
  })

  it('is not found, and asks nobody, when what was sent is no id', async () => {
    const { script, deps } = ending([id])
    await assert.rejects(revokeSession(deps)(claims, null, caller), {
      name: 'Refusal',
      code: 'not_found',
      because: 'not the id of a session',
    })
    assert.deepEqual(script.lines, [])
  })
})

describe("the end of all of a person's sessions", () => {
  it('happens in the transaction of the deed, each session on record', async () => {
    const { script, deps } = ending([id, otherSessionId])
    await deps.transact((transaction) => revokeAllSessions(deps)(transaction, { userId, but: null, now, caller: null }))
    assert.deepEqual(script.lines, [
      'begin',
      ['revoke', userId, { allBut: null }, now],
      ...[id, otherSessionId].map((sessionId) => [
        'recorded',
        { kind: 'session_revoked', at: now, userId, sessionId, caller: null },
      ]),
      'commit',
    ])
  })

  it('says of each session that an operator ended it', async () => {
    const { script, deps } = ending([id])
    const deed = { userId, but: null, now, caller, byOperator: true } as const
    await deps.transact((transaction) => revokeAllSessions(deps)(transaction, deed))
    const event = { kind: 'session_revoked', at: now, userId, sessionId: id, caller, byOperator: true }
    assert.deepEqual(script.lines.slice(2), [['recorded', event], 'commit'])
  })

  it('may spare one', async () => {
    const { script, deps } = ending([])
    await deps.transact((transaction) => revokeAllSessions(deps)(transaction, { userId, but: id, now, caller }))
    assert.deepEqual(script.lines, ['begin', ['revoke', userId, { allBut: id }, now], 'commit'])
  })

  it('but the one that asks is one transaction that spares that one', async () => {
    const { script, deps } = ending([otherSessionId])
    await revokeOtherSessions({ ...deps, revokeAll: revokeAllSessions(deps) })(claims, caller)
    const revoked = ['revoke', userId, { allBut: id }, now]
    assert.deepEqual(script.lines, ['begin', revoked, recorded('session_revoked', otherSessionId), 'commit'])
  })
})
