import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { acceptPassword } from '../../../src/accounts/application/accept-password.ts'
import { parseEmailAddress } from '../../../src/kernel/email-address.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'

const email = parseEmailAddress('jane.roe@example.com')
assert(email)

function accepting(isBreached: (password: string) => Promise<boolean> = async () => false) {
  const lists = { serviceWords: ['latchkey'], isCommon: (password: string) => password === 'password' }
  return acceptPassword({ policy: { minLength: 8, maxLength: 256 }, lists, isBreached })
}

const refusedFor = (code: string, field: string) => (error: unknown) => {
  assert(error instanceof Refusal)
  assert.equal(error.code, 'validation_failed')
  assert.deepEqual(
    error.errors?.map((each) => [each.field, each.code]),
    [[field, code]],
  )
  return true
}

test('an accepted password is the one that was given, unchanged and still a secret', async () => {
  const given = new Secret('  Correct Horse  ')
  const accepted = await accepting()(given, email, 'password')
  assert.equal(accepted, given)
  assert.equal(JSON.stringify([accepted]), '["[secret]"]')
})

test('a refusal names the field as the request called it', async () => {
  for (const field of ['password', 'new_password'] as const) {
    await assert.rejects(accepting()(new Secret('password'), email, field), refusedFor('too_common', field))
  }
})

test('a password that is known from a breach is refused as breached', async () => {
  const accept = accepting(async (password) => password === 'correct horse')
  await assert.rejects(accept(new Secret('correct horse'), email, 'password'), refusedFor('breached', 'password'))
  await accept(new Secret('Correct horse'), email, 'password')
})

test('nobody else is asked about a password that is refused here', async () => {
  const accept = accepting(async () => assert.fail('asked'))
  for (const password of [
    'short',
    'x'.repeat(257),
    'password',
    'jane.roe1',
    'latchkey2026',
    'zq8-vk3m\0',
    'zq8-vk3m\ud83d',
  ]) {
    await assert.rejects(accept(new Secret(password), email, 'password'), Refusal)
  }
})

test('nothing but the policy and a login makes a password that may be hashed for an account', () => {
  const src = new URL('../../../src/', import.meta.url)
  const using = (text: RegExp) =>
    globSync('**/*.ts', { cwd: src })
      .filter((file) => text.test(readFileSync(new URL(file, src), 'utf8')))
      .sort()
  const policy = 'accounts/domain/password-policy.ts'
  assert.deepEqual(using(/\bas (unknown as )?AcceptedPassword\b/), ['accounts/application/accept-password.ts', policy])
  assert.deepEqual(using(/\bacceptedBefore\b/), ['accounts/application/log-in.ts', policy])
  assert.deepEqual(using(/\bjudgePassword\b/), ['accounts/application/accept-password.ts', policy])
})
