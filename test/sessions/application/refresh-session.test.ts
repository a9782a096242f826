import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenPair } from '../../../src/sessions/application/issue-tokens.ts'
import type { SessionStore } from '../../../src/sessions/application/ports.ts'
import { refreshSession } from '../../../src/sessions/application/refresh-session.ts'
import type { ReusePolicy } from '../../../src/sessions/domain/rotation.ts'
import type { Generation, Session } from '../../../src/sessions/domain/session.ts'
import { transcript } from '../../support/transcript.ts'
import { at, caller, session } from '../sample.ts'

const { id: sessionId, userId } = session
const now = at(105)

/** A store in which the session is as given, and advances when it is of the generation that is presented. */
function refreshing(stored: Session | null, policy: Partial<ReusePolicy> = {}) {
  const script = transcript()
  const sessions = {
    async advance(id, generation, moment, idleExpiresAt) {
      script.did('advance', id, generation, moment, idleExpiresAt)
      return stored?.generation === generation ? { ...stored, generation: generation + 1 } : null
    },
    async lock(transaction, id) {
      script.didWithin(transaction, 'lock', id)
      return stored
    },
    async revoke(transaction, user, which, moment) {
      script.didWithin(transaction, 'revoke', user, which, moment)
      return [sessionId]
    },
  } as Partial<SessionStore> as SessionStore
  const outcomes: string[] = []
  const refresh = refreshSession({
    sessions,
    issue: (of, moment) => ({ of, moment }) as unknown as TokenPair,
    audit: script.audit,
    noteRefusal: async (who, code, by) => script.did('noteRefusal', who, code, by),
    transact: script.transact,
    clock: () => now,
    limits: { refreshTokenTtl: 300, sessionMaxAge: 900 },
    policy: { window: 10, onReuse: 'refuse', ...policy },
    onRefresh: (outcome) => outcomes.push(outcome),
  })
  return { script, outcomes, present: (generation: Generation) => refresh({ userId, sessionId, generation }, caller) }
}

const advance = (generation: Generation) => ['advance', sessionId, generation, now, at(405)]
const judged = ['begin', ['lock', sessionId], 'commit']
const noted = (generation: Generation, code: string) => ['noteRefusal', { userId, sessionId, generation }, code, caller]

test('the newest token advances its session in one call, without a transaction or an event', async () => {
  const { script, outcomes, present } = refreshing(session)
  assert.deepEqual(await present(5), { of: { ...session, generation: 6 }, moment: now })
  assert.deepEqual(script.lines, [advance(5)])
  assert.deepEqual(outcomes, ['rotated'])
})

test('a token that lost a race is judged under the lock of its session, which lives on, and the refusal is noted', async () => {
  const { script, outcomes, present } = refreshing(session)
  await assert.rejects(present(4), { name: 'Refusal', code: 'refresh_token_reused', because: undefined })
  assert.deepEqual(outcomes, ['raced'])
  assert.deepEqual(script.lines, [advance(4), ...judged, noted(4, 'refresh_token_reused')])
})

test('a token that lost a race is answered the successor that is stored, where the policy says so', async () => {
  const { script, outcomes, present } = refreshing(session, { onReuse: 'repeat' })
  assert.deepEqual(await present(4), { of: session, moment: now })
  assert.deepEqual(outcomes, ['repeated'])
  assert.deepEqual(script.lines, [advance(4), ...judged])
})

test('an older token revokes its session, and that is on record and committed before it is reported', async () => {
  const { script, outcomes, present } = refreshing(session)
  const reported = present(3).finally(() => script.did('reported'))
  await assert.rejects(reported, {
    name: 'Refusal',
    code: 'refresh_token_reused',
    because: 'a past refresh token was used: session revoked',
  })
  assert.deepEqual(outcomes, ['reused'])
  assert.deepEqual(script.lines, [
    advance(3),
    'begin',
    ['lock', sessionId],
    ['revoke', userId, { only: sessionId }, now],
    ['recorded', { kind: 'refresh_token_reused', at: now, userId, sessionId, caller }],
    'commit',
    ['reported'],
  ])
})

const refused: [what: string, stored: Session | null, presented: Generation, code: string][] = [
  ['of a session that is gone', null, 5, 'invalid_token'],
  ['of a session that is revoked', { ...session, revokedAt: at(104) }, 4, 'invalid_token'],
  ['that is ahead of its session', session, 6, 'invalid_token'],
]
for (const [what, stored, presented, code] of refused) {
  test(`a token ${what} is refused with ${code}, which is noted, and changes nothing`, async () => {
    const { script, outcomes, present } = refreshing(stored)
    await assert.rejects(present(presented), { name: 'Refusal', code })
    assert.deepEqual(outcomes, [code === 'token_expired' ? 'expired' : 'ended'])
    assert.deepEqual(script.lines, [advance(presented), ...judged, noted(presented, code)])
  })
}
