import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditEvent } from '../../../src/audit/index.ts'
import type { SessionId } from '../../../src/kernel/ids.ts'
import { noteRefusal } from '../../../src/sessions/application/note-refusal.ts'
import { testClock } from '../../support/clock.ts'
import { caller, otherSessionId, session } from '../sample.ts'

const { userId, id: sessionId } = session
const who = { userId, sessionId }

function noting(bound?: number) {
  const clock = testClock()
  const events: AuditEvent[] = []
  const failing = { with: null as Error | null }
  const note = async (event: AuditEvent) => {
    if (failing.with) throw failing.with
    events.push(event)
  }
  return { clock, events, failing, refused: noteRefusal({ audit: { note }, clock, ...(bound && { bound }) }) }
}

describe('the refusal of a genuine token', () => {
  it('is on record with its code, and whose token it was', async () => {
    const { clock, events, refused } = noting()
    await refused(who, 'token_expired', caller)
    assert.deepEqual(events, [
      { kind: 'token_refused', at: clock(), userId, sessionId, caller, subject: 'token_expired' },
    ])
  })

  it('is on record once a minute, however often the token comes', async () => {
    const { clock, events, refused } = noting()
    for (let second = 0; second < 180; second++) {
      await refused(who, 'token_expired', caller)
      clock.advance(1)
    }
    assert.equal(events.length, 3)
  })

  it('is on record for each session and each code by itself', async () => {
    const { events, refused } = noting()
    for (const code of ['token_expired', 'invalid_token'] as const) {
      for (const one of [who, { userId, sessionId: otherSessionId }]) {
        await refused(one, code, caller)
        await refused(one, code, caller)
      }
    }
    assert.equal(events.length, 4)
  })

  it('is forgotten the longest ago where too many are to be remembered', async () => {
    const { clock, events, refused } = noting(2)
    const one = (number: number) => ({ userId, sessionId: `${number}` as SessionId })
    await refused(one(1), 'token_expired', caller)
    clock.advance(10)
    await refused(one(2), 'token_expired', caller)
    clock.advance(50)
    // On record again, and so no longer the one that was longest ago.
    await refused(one(1), 'token_expired', caller)
    await refused(one(3), 'token_expired', caller)
    assert.equal(events.length, 4)
    for (const number of [1, 3]) await refused(one(number), 'token_expired', caller)
    assert.equal(events.length, 4)
    await refused(one(2), 'token_expired', caller)
    assert.equal(events.length, 5)
  })

  it('is kept off the record for a minute at most by a clock that is set back', async () => {
    const { clock, events, refused } = noting()
    await refused(who, 'token_expired', caller)
    clock.advance(-59.999)
    await refused(who, 'token_expired', caller)
    assert.equal(events.length, 1)
    clock.advance(-0.001)
    await refused(who, 'token_expired', caller)
    assert.equal(events.length, 2)
  })

  it('is tried again at once after one that could not be recorded, which fails', async () => {
    const { events, failing, refused } = noting()
    failing.with = new Error('no database')
    await assert.rejects(refused(who, 'token_expired', caller), /no database/)
    failing.with = null
    await refused(who, 'token_expired', caller)
    assert.equal(events.length, 1)
  })
})
