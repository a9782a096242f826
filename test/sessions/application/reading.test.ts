import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EmailAddress } from '../../../src/kernel/email-address.ts'
import type { UserId } from '../../../src/kernel/ids.ts'
import { issueTokens } from '../../../src/sessions/application/issue-tokens.ts'
import { listSessions } from '../../../src/sessions/application/list-sessions.ts'
import { listUsersSessions } from '../../../src/sessions/application/list-users-sessions.ts'
import type { AccessClaims, AccessTokens, Reading, SessionStore } from '../../../src/sessions/application/ports.ts'
import { purgeSessions } from '../../../src/sessions/application/purge-sessions.ts'
import { recognize } from '../../../src/sessions/application/recognize.ts'
import type { Session } from '../../../src/sessions/domain/session.ts'
import { transcript } from '../../support/transcript.ts'
import { at, caller, otherSessionId, session } from '../sample.ts'

const { id, userId } = session
const claims: AccessClaims = { userId, sessionId: id }
const email = 'person@example.com' as EmailAddress
const now = at(200)

describe('who presents an access token', () => {
  function recognizing(reading: Reading<AccessClaims>, stored: Session | null = session) {
    const script = transcript()
    const sessions = {
      findOwnership: async (of) => (of === id && stored ? { ...stored, email } : null),
    } as Partial<SessionStore> as SessionStore
    const accessTokens = {
      async read(token, moment) {
        assert.deepEqual([token, moment], ['the token', now])
        return reading
      },
    } as Partial<AccessTokens> as AccessTokens
    const noteRefusal = async (...refusal: unknown[]) => script.did(...refusal)
    const recognized = recognize({ sessions, accessTokens, noteRefusal, clock: () => now })('the token', caller)
    return { script, recognized }
  }

  it('is whom the token names, with their address, while its session is live', async () => {
    const { script, recognized } = recognizing({ kind: 'live', claims })
    assert.deepEqual(await recognized, { ...claims, email })
    assert.deepEqual(script.lines, [])
  })

  const strangers: [what: string, reading: Reading<AccessClaims>, code: string, because?: string][] = [
    ['no token of ours', { kind: 'invalid' }, 'invalid_token', 'not an access token of ours'],
    ['an expired one', { kind: 'expired', claims }, 'token_expired'],
  ]
  for (const [what, reading, code, because] of strangers) {
    it(`is refused with ${code}, without a word in the audit: ${what}`, async () => {
      const { script, recognized } = recognizing(reading)
      await assert.rejects(recognized, { name: 'Refusal', code, because })
      assert.deepEqual(script.lines, [])
    })
  }

  const over: [what: string, of: Session | null][] = [
    ['of no session', null],
    ['of a revoked session', { ...session, revokedAt: at(199) }],
    ['of a session that is over', { ...session, idleExpiresAt: now }],
    ["of another user's session", { ...session, userId: 2 as UserId }],
  ]
  for (const [what, of] of over) {
    it(`is refused with invalid_token, which is noted, with one ${what}`, async () => {
      const { script, recognized } = recognizing({ kind: 'live', claims }, of)
      await assert.rejects(recognized, { name: 'Refusal', code: 'invalid_token', because: 'the session is over' })
      assert.deepEqual(script.lines, [[claims, 'invalid_token', caller]])
    })
  }
})

describe('the tokens of a session', () => {
  it('are both written from it as it is, with their lives in seconds from now', () => {
    const issue = issueTokens({
      accessTokens: {
        write: (of, moment) => ({ token: `access ${of.id} ${moment.getTime()}`, expiresIn: 60 }),
        read: async () => ({ kind: 'invalid' }),
      },
      refreshTokens: { write: (of) => `refresh ${of.id}`, read: () => ({ kind: 'invalid' }) },
    })
    assert.deepEqual(issue(session, at(150.9)), {
      accessToken: `access ${id} ${at(150.9).getTime()}`,
      refreshToken: `refresh ${id}`,
      expiresIn: 60,
      refreshExpiresIn: 250,
      sessionExpiresAt: at(1000),
    })
  })
})

describe("the list of a person's sessions", () => {
  it('is that of the live ones, in the order of the store, and marks the one that asks', async () => {
    const other = { ...session, id: otherSessionId }
    const sessions = {
      async listLive(of, moment) {
        assert.deepEqual([of, moment], [userId, now])
        return [other, session]
      },
    } as Partial<SessionStore> as SessionStore
    assert.deepEqual(await listSessions({ sessions, clock: () => now })(claims), [
      { ...other, current: false },
      { ...session, current: true },
    ])
  })
})

describe("the list of a user's sessions, for who administers them", () => {
  it('is that of those that are live now, in the order of the store', async () => {
    const listed = [{ ...session, id: otherSessionId }, session]
    const sessions = {
      async listLive(of, moment) {
        assert.deepEqual([of, moment], [userId, now])
        return listed
      },
    } as Partial<SessionStore> as SessionStore
    assert.equal(await listUsersSessions({ sessions, clock: () => now })(userId), listed)
  })
})

describe('the purge of sessions that are over', () => {
  // Those that have been over for a day.
  const deadline = at(-86_400).toISOString()

  /** Three stretches, each of which takes a hundredth of a second. */
  function purging(onRest: (stop: AbortSignal | undefined) => void = () => undefined) {
    const script = transcript()
    const stretches = [
      { purged: 3, next: 100 },
      { purged: 0, next: 200 },
      { purged: 2, next: null },
    ]
    let time = 0
    const sessions = {
      async purge(transaction, before, place) {
        time += 0.01
        script.didWithin(transaction, before.toISOString(), place)
        return stretches.shift() ?? { purged: 0, next: null }
      },
    } as Partial<SessionStore> as SessionStore
    const rest = async (milliseconds: number, stop?: AbortSignal) => {
      script.lines.push(`rest ${milliseconds}`)
      onRest(stop)
    }
    return { script, purge: purgeSessions({ sessions, transact: script.transact, clock: () => at(time), rest }) }
  }

  it('goes from stretch to stretch, each in a transaction of its own, rests in between, and counts what went', async () => {
    const { script, purge } = purging()
    assert.equal(await purge(), 5)
    assert.deepEqual(script.lines, [
      ...['begin', [deadline, 0], 'commit', 'rest 90'],
      ...['begin', [deadline, 100], 'commit', 'rest 90'],
      ...['begin', [deadline, 200], 'commit'],
    ])
  })

  it('ends after a stretch when the process ends', async () => {
    const stop = new AbortController()
    const { script, purge } = purging((signal) => {
      assert.equal(signal, stop.signal)
      stop.abort()
    })
    assert.equal(await purge(stop.signal), 3)
    assert.deepEqual(script.lines, ['begin', [deadline, 0], 'commit', 'rest 90'])
  })
})
