import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePassword } from '../../../src/accounts/domain/password-policy.ts'
import { parseEmailAddress } from '../../../src/kernel/email-address.ts'

const email = parseEmailAddress('Jane.Roe-1985@example.com')
assert(email)
const common = new Set(['password', 'iloveyou'])
const lists = {
  serviceWords: ['latchkey', 'localhost'],
  isCommon: (password: string) => common.has(password.toLowerCase()),
}
const judge = (password: string, minLength = 8) =>
  judgePassword(password, email, { minLength, maxLength: 256 }, lists).map((error) => error.code)

const table: [what: string, password: string, codes: string[]][] = [
  ['the example of the docs', 'your_password_123', []],
  ['the shortest allowed', 'zq8-vk3m', []],
  ['one less', 'zq8-vk3', ['too_short']],
  ['nothing', '', ['too_short']],
  ['the longest allowed', 'a'.repeat(256), []],
  ['one more', 'a'.repeat(257), ['too_long']],
  ['a megabyte', 'a'.repeat(1 << 20), ['too_long']],
  ['8 code points outside the BMP, 16 units', '🔑'.repeat(8), []],
  ['7 code points outside the BMP, 14 units', '🔑'.repeat(7), ['too_short']],
  ['256 code points outside the BMP, 1024 bytes', '🔑'.repeat(256), []],
  ['257 code points outside the BMP', '🔑'.repeat(257), ['too_long']],
  ['a combining accent, which counts for itself', 'e\u0301'.repeat(4), []],
  ['letters alone', 'correcthorse', []],
  ['digits alone', '8306427519', []],
  ['spaces alone', ' '.repeat(15), []],
  ['a common one', 'password', ['too_common']],
  ['a common one in mixed case', 'iLoveYou', ['too_common']],
  ['a common one with more to it', 'password of mine', []],
  ['the e-mail', 'jane.roe-1985@example.com', ['contains_email']],
  ['the e-mail in another case', 'JANE.Roe-1985@Example.com', ['contains_email']],
  ['the local part', 'jane.roe-1985', ['contains_email']],
  ['the local part in another case', 'Jane.Roe-1985', ['contains_email']],
  ['the local part, a year and a sign', 'jane.roe-19852026!', ['contains_email']],
  ['a name out of it and a year', 'Jane2026', ['contains_email']],
  ['its names in another order', 'RoeJane!!', ['contains_email']],
  ['the domain', 'example.com', ['contains_email']],
  ["the domain's name with digits before it", '123Example', ['contains_email']],
  ["the service's name", 'Latchkey', ['too_common']],
  ["the service's name, a year and a sign", 'Latchkey2026!', ['too_common']],
  ["the service's host", 'localhost1', ['too_common']],
  ["the service's name and a name of the e-mail", 'latchkey-jane', ['contains_email']],
  ["the service's name in a sentence", 'my latchkey is under the mat', []],
  ['a name of the e-mail in a word', 'janeway74656', []],
  ['the local part and more', 'jane.roe-1985 likes tea', []],
  ['a lone high surrogate', 'zq8-vk3m\ud83d', ['not_well_formed']],
  ['a lone low surrogate', '\udd11zq8-vk3m', ['not_well_formed']],
  ['NUL inside', 'zq8-\0vk3m', ['not_well_formed']],
]

for (const [what, password, codes] of table) {
  test(`${what}: ${codes.join() || 'accepted'}`, () => {
    assert.deepEqual(judge(password), codes)
  })
}

test('the limits are the ones that are given', () => {
  assert.deepEqual(judge('a'.repeat(11), 12), ['too_short'])
  assert.deepEqual(judge('a'.repeat(12), 12), [])
})

test('a local part of digits alone is refused although it is no word', () => {
  const phone = parseEmailAddress('4917012345678@example.com')
  assert(phone)
  const [refused] = judgePassword('4917012345678', phone, { minLength: 8, maxLength: 256 }, lists)
  assert.equal(refused?.code, 'contains_email')
})

test('an error names the field and the limit, and never the password', () => {
  for (const [, password] of table) {
    for (const error of judgePassword(password, email, { minLength: 8, maxLength: 256 }, lists)) {
      assert.equal(error.field, 'password')
      assert.ok(password === '' || !error.message.includes(password))
    }
  }
  const [short] = judgePassword('a', email, { minLength: 8, maxLength: 256 }, lists)
  assert.match(short?.message ?? '', /\b8\b/)
})
