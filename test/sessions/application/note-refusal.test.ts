import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noteRefusal } from '../../../src/sessions/application/note-refusal.ts'
import { testClock } from '../../support/clock.ts'
import { caller, session } from '../sample.ts'

const { userId, id: sessionId } = session

describe('the refusal of a genuine token', () => {
  it('is on record with its code and whose token it was, for each session and code by itself', async () => {
    const clock = testClock()
    const noted: unknown[] = []
    const audit = { noteOnce: async (...given: unknown[]) => void noted.push(given) }
    await noteRefusal({ audit, clock })({ userId, sessionId }, 'token_expired', caller)
    assert.deepEqual(noted, [
      [
        `token_refused ${sessionId} token_expired`,
        { kind: 'token_refused', at: clock(), userId, sessionId, caller, subject: 'token_expired' },
      ],
    ])
  })

  it('that could not be recorded is no refusal yet: the fault goes on', async () => {
    const audit = { noteOnce: async () => Promise.reject(new Error('no database')) }
    const refused = noteRefusal({ audit, clock: testClock() })({ userId, sessionId }, 'invalid_token', caller)
    await assert.rejects(refused, /no database/)
  })
})
