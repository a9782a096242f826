import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changePassword } from '../../../src/accounts/application/change-password.ts'
import type { AccountStore, Credentials, PasswordHasher } from '../../../src/accounts/application/ports.ts'
import { isLockedOut } from '../../../src/accounts/domain/lockout.ts'
import type { AcceptedPassword } from '../../../src/accounts/domain/password-policy.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { transcript } from '../../support/transcript.ts'
import { caller, email, now, sessionId, user, userId } from '../sample.ts'

const account: Credentials = { user, isDisabled: false, passwordHash: 'hash of old', epoch: 3, failures: 1 }

/** An account as the store knows it; a credulous hasher takes every password for the right one. */
function changing(
  credentials: Credentials | null = account,
  { isSameEpoch = true, overloaded = false, credulous = false, forgetful = false, counts = true } = {},
) {
  const script = transcript()
  const accounts = {
    async beginAttempt(by, from) {
      script.did('beginAttempt', by, from)
      return credentials
    },
    async withdrawAttempt(by, from) {
      script.did('withdrawAttempt', by, from)
      if (forgetful) throw new Error('no answer')
    },
    async clearFailures(id) {
      script.did('clearFailures', id)
      return true
    },
    async replaceHash(transaction, id, epoch, to) {
      script.didWithin(transaction, 'replaceHash', id, epoch, to)
      return isSameEpoch
    },
  } as Partial<AccountStore> as AccountStore
  const hasher = {
    async verify(password, stored, gone) {
      assert.equal(gone, caller.gone)
      script.did('verify', stored)
      if (overloaded) throw new Refusal('overloaded')
      return { matches: stored === `hash of ${password.reveal()}` || credulous, outdated: false }
    },
    async hash(password, gone) {
      assert.equal(gone, caller.gone)
      return `hash of ${password.reveal()}`
    },
  } as Partial<PasswordHasher> as PasswordHasher
  const call = changePassword({
    ...{ accounts, hasher, audit: script.audit, transact: script.transact, clock: () => now },
    revokeSessions: async (transaction, of) => script.didWithin(transaction, 'revokeSessions', of),
    async acceptPassword(password, of, field) {
      script.did('accept', of, field)
      if (password.reveal() === 'weak') throw new Refusal('validation_failed')
      return password as AcceptedPassword
    },
    isLockedOut,
    countsFailures: () => counts,
    loginGuard: { passwordSet: async (of, by) => script.did('passwordSet', of, by) },
  })
  const change = (current = 'old', wanted = 'new') =>
    call({ userId, sessionId }, { current: new Secret(current), wanted: new Secret(wanted) }, caller)
  return { script, change }
}

const event = { at: now, userId, sessionId, caller }
const tried = (stored: string | null) => [
  ['beginAttempt', { id: userId }, 'known'],
  ['verify', stored],
]
const known = [...tried('hash of old'), ['clearFailures', userId], ['accept', email, 'new_password']]
const replaced = ['begin', ['replaceHash', userId, 3, 'hash of new']]

test('a new password is set and all other sessions end in one transaction, on record', async () => {
  const { script, change } = changing()
  await change()
  assert.deepEqual(script.lines, [
    ...known,
    ...replaced,
    ['revokeSessions', { userId, but: sessionId, now, caller }],
    ['recorded', { kind: 'password_changed', ...event }],
    'commit',
    ['passwordSet', email, caller],
  ])
})

test('a password that was changed meanwhile is not overwritten, and ends nothing', async () => {
  const { script, change } = changing(account, { isSameEpoch: false })
  const because = 'the password was changed meanwhile'
  await assert.rejects(change(), { name: 'Refusal', code: 'invalid_credentials', because })
  const noted = ['noted', { kind: 'password_refused', ...event, subject: because }]
  assert.deepEqual(script.lines, [...known, ...replaced, 'commit', noted])
})

const wrong = 'the old password is wrong'
const refused: [what: string, of: Credentials | null, current: string, stored: string | null, because: string][] = [
  ['a wrong old password', account, 'other', 'hash of old', wrong],
  ['the password of an account that is gone', null, 'old', null, wrong],
  ['the password of an account without one', { ...account, passwordHash: null }, 'old', null, wrong],
  ['the right one after too many failures', { ...account, failures: 51 }, 'old', null, 'locked out'],
]
for (const [what, credentials, current, stored, because] of refused) {
  test(`changes nothing, on record, in the time of a hash: ${what}`, async () => {
    const { script, change } = changing(credentials)
    await assert.rejects(change(current), { name: 'Refusal', code: 'invalid_credentials', because })
    const noted = ['noted', { kind: 'password_refused', ...event, subject: because }]
    assert.deepEqual(script.lines, [...tried(stored), noted])
  })
}

test('of an account that is gone nothing changes, even if a password seems to match', async () => {
  const { change } = changing(null, { credulous: true })
  await assert.rejects(change(), { name: 'Refusal', code: 'invalid_credentials', because: wrong })
})

test('a new password that is not accepted changes nothing', async () => {
  const { script, change } = changing()
  await assert.rejects(change('old', 'weak'), { code: 'validation_failed' })
  assert.deepEqual(script.lines, known)
})

test('a password that could not be tried does not count as a failure', async () => {
  const { script, change } = changing(account, { overloaded: true })
  await assert.rejects(change(), { code: 'overloaded' })
  assert.deepEqual(script.lines, [...tried('hash of old'), ['withdrawAttempt', { id: userId }, 'known']])
})

test('a password that could not be tried is the answer also where the attempt cannot be taken back', async () => {
  const { change } = changing(account, { overloaded: true, forgetful: true })
  await assert.rejects(change(), { code: 'overloaded' })
})

test('where no failure counts an old password is always tried, and nothing is taken back', async () => {
  const uncounted = [
    ['beginAttempt', { id: userId }, null],
    ['verify', 'hash of old'],
  ]
  const { script, change } = changing({ ...account, failures: 1000 }, { counts: false })
  await change()
  assert.deepEqual(script.lines.slice(0, 3), [...uncounted, ['clearFailures', userId]])
  const other = changing(account, { counts: false, overloaded: true })
  await assert.rejects(other.change(), { code: 'overloaded' })
  assert.deepEqual(other.script.lines, uncounted)
})
