// GHSA-wx54-3278-m5g4 (Spring Security): with the highest cost the number of rounds overflowed, and none were done.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bcrypt, hashPassword, verifyPassword } from '../../src/accounts/infrastructure/bcrypt-hash.ts'
import { nativeBcrypt } from '../../src/accounts/infrastructure/bcrypt-native.ts'
import { createPasswordHasher } from '../../src/accounts/infrastructure/password-hasher.bcrypt.ts'
import { ConfigError, parseConfig } from '../../src/config.ts'

test('no hash is made at a cost that is out of range, neither by configuration nor by a caller', () => {
  for (const cost of ['31', '32', '16', '9', '0', '-1', '99', '4294967308', '12.5', '1e1', ' 12', '0x0c']) {
    assert.throws(() => parseConfig({ BCRYPT_COST: cost }), ConfigError, cost)
  }
  for (const cost of [31, 32, 16, 3, 0, -1, 99, 2 ** 32 + 12, 12.5, Number.NaN]) {
    assert.throws(() => createPasswordHasher({ cost, deadlineMs: 5_000 }), RangeError, String(cost))
  }
})

test('a stored hash that names a cost out of range matches nothing and is not computed', () => {
  const hash = hashPassword(nativeBcrypt, 'a password', 4)
  const costs = ['31', '16', '03', '00', '99', '-1', ' 4', '4', '004']
  for (const cost of costs) {
    const asked: string[] = []
    const watched: Bcrypt = {
      ...nativeBcrypt,
      hash(key, salt) {
        asked.push(salt)
        // Were it to ask for 2^31 rounds, it would get no answer this week.
        return nativeBcrypt.hash(key, `$2b$04$${salt.slice(7)}`)
      },
    }
    const answer = verifyPassword(watched, 'a password', hash.replace('$04$', `$${cost}$`), 4)
    assert.equal(answer.matches, false)
    assert.ok(answer.unusable, cost)
    assert.ok(
      asked.every((salt) => salt.startsWith('$2b$04$')),
      `asked for ${asked}`,
    )
  }
})
