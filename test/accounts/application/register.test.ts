import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccountStore, PasswordHasher } from '../../../src/accounts/application/ports.ts'
import { register } from '../../../src/accounts/application/register.ts'
import type { AcceptedPassword } from '../../../src/accounts/domain/password-policy.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { transcript } from '../../support/transcript.ts'
import { caller, email, now, user } from '../sample.ts'

const password = new Secret('correct horse')

/** A store in which the address is free, or taken. */
function registering(isFree = true) {
  const script = transcript()
  const accounts = {
    async insert(transaction, account) {
      script.didWithin(transaction, 'insert', account)
      return isFree ? user : null
    },
  } as Partial<AccountStore> as AccountStore
  const hasher = {
    async hash(accepted, gone) {
      assert.equal(gone, caller.gone)
      script.did('hash', accepted.reveal())
      return 'the hash'
    },
  } as Partial<PasswordHasher> as PasswordHasher
  return {
    script,
    call: register({
      ...{ accounts, hasher, audit: script.audit, transact: script.transact, clock: () => now },
      async acceptPassword(given, of, field) {
        script.did('accept', given.reveal(), of, field)
        if (given !== password) throw new Refusal('validation_failed')
        return given as AcceptedPassword
      },
      loginGuard: { passwordSet: async (of, by) => script.did('passwordSet', of, by) },
    }),
  }
}

const begun = [
  ['accept', 'correct horse', email, 'password'],
  ['hash', 'correct horse'],
  'begin',
  ['insert', { email, passwordHash: 'the hash', createdAt: now }],
]

test('an account has the canonical address and the hash, made before the transaction, and is on record', async () => {
  const { script, call } = registering()
  assert.deepEqual(await call({ email: 'Jane@Example.com', password }, caller), user)
  const event = { kind: 'registered', at: now, userId: user.id, sessionId: null, caller }
  assert.deepEqual(script.lines, [...begun, ['recorded', event], 'commit', ['passwordSet', email, caller]])
})

test('an address that is taken is refused, and that is on record without whose it is', async () => {
  const { script, call } = registering(false)
  await assert.rejects(call({ email, password }, caller), { name: 'Refusal', code: 'email_taken' })
  const event = { kind: 'registration_refused', at: now, userId: null, sessionId: null, caller }
  assert.deepEqual(script.lines, [...begun, 'commit', ['noted', event]])
})

test('what is no address is refused by its field, before anything is done', async () => {
  const { script, call } = registering()
  await assert.rejects(call({ email: 'jane', password }, caller), {
    name: 'Refusal',
    code: 'validation_failed',
    errors: [
      {
        field: 'email',
        code: 'invalid_format',
        message: 'This must be an e-mail address such as user@example.com, in ASCII.',
      },
    ],
  })
  assert.deepEqual(script.lines, [])
})

test('a password that is not accepted is never hashed', async () => {
  const { script, call } = registering()
  await assert.rejects(call({ email, password: new Secret('1234') }, caller), { code: 'validation_failed' })
  assert.deepEqual(script.lines, [['accept', '1234', email, 'password']])
})
