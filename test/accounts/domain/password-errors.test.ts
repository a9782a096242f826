import assert from 'node:assert/strict'
import { test } from 'node:test'
import { breached, judgePassword } from '../../../src/accounts/domain/password-policy.ts'
import { email } from '../sample.ts'

const policy = { minLength: 8, maxLength: 256 }
const lists = { serviceWords: ['latchkey'], isCommon: (password: string) => password === 'password' }

const table: [password: string, code: string, says: RegExp][] = [
  ['zq8-vk3m\0', 'not_well_formed', /any characters but NUL and halves of surrogate pairs/],
  ['zq8', 'too_short', /at least 8 characters/],
  ['a'.repeat(257), 'too_long', /at most 256 characters/],
  ['jane@example.com', 'contains_email', /more than your e-mail address/],
  ['latchkey1', 'too_common', /more than the name of this service/],
  ['password', 'too_common', /among the first guessed/],
]
for (const [password, code, says] of table) {
  test(`a person whose password is ${code} reads what to do about it: ${says.source}`, () => {
    const [error, ...more] = judgePassword(password, email, policy, lists)
    assert.deepEqual([error?.field, error?.code, more], ['password', code, []])
    assert.match(error?.message ?? '', says)
  })
}

test('a person whose password is known from a breach reads that, and that it was elsewhere', () => {
  assert.equal(breached().field, 'password')
  assert.equal(breached().code, 'breached')
  assert.match(breached().message, /known from a breach elsewhere/)
})
