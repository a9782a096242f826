import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../../src/kernel/caller.ts'
import type { SessionId } from '../../../src/kernel/ids.ts'
import type { TokenPair } from '../../../src/sessions/application/issue-tokens.ts'
import { openSession } from '../../../src/sessions/application/open-session.ts'
import type { SessionStore } from '../../../src/sessions/application/ports.ts'
import { transcript } from '../../support/transcript.ts'
import { at, caller, otherSessionId, session } from '../sample.ts'

const { id, userId } = session
const now = at(0)
const opened = {
  ...{ id, userId, userAgent: 'curl/8', ip: caller.ip },
  ...{ generation: 0, createdAt: now, lastUsedAt: now, revokedAt: null },
  ...{ idleExpiresAt: at(300), expiresAt: at(900) },
}

/** A store whose user is in epoch 3, and which ends `surplus`. */
function opening(surplus: SessionId[] = []) {
  const script = transcript()
  const sessions = {
    async insert(transaction, inserted, epoch) {
      script.didWithin(transaction, 'insert', inserted, epoch)
      return epoch === 3
    },
    async revoke(transaction, user, which, moment) {
      script.didWithin(transaction, 'revoke', user, which, moment)
      return surplus
    },
  } as Partial<SessionStore> as SessionStore
  const open = openSession({
    sessions,
    issue: (of, moment) => {
      script.did('issue')
      return { of, moment } as unknown as TokenPair
    },
    audit: script.audit,
    transact: script.transact,
    clock: () => now,
    newSessionId: () => id,
    limits: { refreshTokenTtl: 300, sessionMaxAge: 900 },
    maxSessionsPerUser: () => 10,
  })
  return { script, open: (epoch = 3, by: Caller = caller) => open({ userId, epoch }, by) }
}

const loggedIn = { kind: 'logged_in', at: now, userId, sessionId: id, caller }

test('a login opens a session with its device, on record, and tokens are issued after the commit', async () => {
  const { script, open } = opening()
  assert.deepEqual(await open(), { of: opened, moment: now })
  assert.deepEqual(script.lines, [
    'begin',
    ['insert', opened, 3],
    ['revoke', userId, { allBut: id, spare: 9 }, now],
    ['recorded', loggedIn],
    'commit',
    ['issue'],
  ])
})

test('sessions beyond the bound end in the same transaction, each on record', async () => {
  const third = '11111111-2222-4333-8444-555555555555' as SessionId
  const { script, open } = opening([otherSessionId, third])
  await open()
  assert.deepEqual(
    script.lines.slice(4, -2),
    [otherSessionId, third].map((sessionId) => [
      'recorded',
      { kind: 'session_revoked', at: now, userId, sessionId, caller },
    ]),
  )
})

test('a proof of an epoch that is over opens nothing, ends nothing, and leaves no event', async () => {
  const { script, open } = opening([otherSessionId])
  assert.equal(await open(2), null)
  assert.deepEqual(script.lines, ['begin', ['insert', opened, 2], 'commit'])
})

test('the User-Agent is kept in its printable form, and its absence too', async () => {
  const { open } = opening()
  const kept = async (userAgent: string | null) => {
    const pair = (await open(3, { ...caller, userAgent })) as unknown as { of: { userAgent: string | null } }
    return pair.of.userAgent
  }
  assert.equal(await kept('a\r\nb'), 'a b')
  assert.equal(await kept(null), null)
})
