import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judge, type ReusePolicy } from '../../../src/sessions/domain/rotation.ts'
import type { Session } from '../../../src/sessions/domain/session.ts'
import { at, session } from './sample.ts'

// The session is of generation 5 since second 100.
const refuse: ReusePolicy = { window: 10, onReuse: 'refuse' }
const repeat: ReusePolicy = { window: 10, onReuse: 'repeat' }
const noWindow: ReusePolicy = { window: 0, onReuse: 'repeat' }
const revoked = { ...session, revokedAt: at(200) }
const young = { ...session, generation: 0, lastUsedAt: at(0) }

type Row = [what: string, of: Session | null, presented: number, now: Date, policy: ReusePolicy, verdict: string]

const before: Row[] = [
  ['at the very moment of the refresh', session, 4, at(100), refuse, 'refuse refresh_token_reused'],
  ['in the last millisecond of the window', session, 4, at(109.999), refuse, 'refuse refresh_token_reused'],
  ['when the window ends', session, 4, at(110), refuse, 'revoke'],
  ['long after the window', session, 4, at(399), refuse, 'revoke'],
  ['at the very moment, to be repeated', session, 4, at(100), repeat, 'repeat'],
  ['in the last millisecond, to be repeated', session, 4, at(109.999), repeat, 'repeat'],
  ['when the window ends, to be repeated', session, 4, at(110), repeat, 'revoke'],
  ['without a window, at the very moment', session, 4, at(100), noWindow, 'revoke'],
  ['on a clock that is behind the one that refreshed', session, 4, at(97), refuse, 'refuse refresh_token_reused'],
  ['on a clock that is behind, to be repeated', session, 4, at(97), repeat, 'repeat'],
  ['of a session that is revoked', revoked, 4, at(101), repeat, 'refuse invalid_token'],
]

const older: Row[] = [
  ['two generations old, within the window', session, 3, at(100), refuse, 'revoke'],
  ['two generations old, to be repeated', session, 3, at(100), repeat, 'revoke'],
  ['the first of all', session, 0, at(100), repeat, 'revoke'],
  ['older, after the window', session, 2, at(300), refuse, 'revoke'],
  ['older, of a session that is revoked', revoked, 3, at(201), refuse, 'refuse invalid_token'],
]

const others: Row[] = [
  ['the newest, which did not advance since its session ended', session, 5, at(400), refuse, 'refuse token_expired'],
  ['the newest of a session that was never refreshed', young, 0, at(400), refuse, 'refuse token_expired'],
  ['the newest of a session that is revoked', revoked, 5, at(201), refuse, 'refuse invalid_token'],
  ['the newest of one revoked at this very moment', revoked, 5, at(200), refuse, 'refuse invalid_token'],
  ['one that is still to come', session, 6, at(101), refuse, 'refuse invalid_token'],
  ['one that is still to come, to be repeated', session, 6, at(101), repeat, 'refuse invalid_token'],
  ['one far ahead', session, 2_147_483_647, at(101), refuse, 'refuse invalid_token'],
  ['one ahead of a session that is revoked', revoked, 6, at(201), refuse, 'refuse invalid_token'],
  ['one of no session', null, 0, at(101), refuse, 'refuse invalid_token'],
  ['one of no session, to be repeated', null, 4, at(101), repeat, 'refuse invalid_token'],
]

const kinds = {
  'the refresh token just before': before,
  'an older refresh token': older,
  'another refresh token': others,
}
for (const [kind, rows] of Object.entries(kinds)) {
  describe(kind, () => {
    for (const [what, of, presented, now, policy, verdict] of rows) {
      it(`${what}: ${verdict}`, () => {
        const judged = judge(of, presented, now, policy)
        assert.equal([judged.kind, 'because' in judged ? judged.because : ''].join(' ').trim(), verdict)
      })
    }
  })
}

describe('under either policy and any window', () => {
  const generations = [0, 1, 2, 3, 4, 5, 6, 7]
  const moments = [0, 99, 100, 105, 110, 111, 399, 400, 999, 1000, 5000].map(at)
  const policies = [refuse, repeat, noWindow, { window: 10_000, onReuse: 'refuse' } as const]
  const every = generations.flatMap((presented) =>
    moments.flatMap((now) => policies.map((policy) => ({ presented, now, policy }))),
  )

  it('a revoked session is never judged anything but invalid', () => {
    for (const { presented, now, policy } of every) {
      assert.deepEqual(judge(revoked, presented, now, policy), { kind: 'refuse', because: 'invalid_token' })
    }
  })

  it('nothing but the token just before is ever repeated, and that within the window alone', () => {
    for (const { presented, now, policy } of every) {
      if (judge(session, presented, now, policy).kind !== 'repeat') continue
      assert.equal(presented, 4)
      assert.equal(policy.onReuse, 'repeat')
      assert.ok(now.getTime() - session.lastUsedAt.getTime() < policy.window * 1000)
    }
  })

  it('nothing but a past token ever revokes', () => {
    for (const { presented, now, policy } of every) {
      if (judge(session, presented, now, policy).kind === 'revoke') assert.ok(presented < session.generation)
    }
  })
})
