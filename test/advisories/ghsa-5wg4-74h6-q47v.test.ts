// GHSA-5wg4-74h6-q47v (node.bcrypt.js): the length of a password over 255 bytes overflowed, and a few bytes of it counted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, verifyPassword } from '../../src/accounts/infrastructure/bcrypt-hash.ts'
import { nativeBcrypt } from '../../src/accounts/infrastructure/bcrypt-native.ts'

test('a password of any length is itself alone, also where its length is one of few bits', () => {
  for (const length of [254, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537]) {
    const password = 'a'.repeat(length)
    const stored = hashPassword(nativeBcrypt, password, 4)
    const matches = (other: string) => verifyPassword(nativeBcrypt, other, stored, 4).matches
    assert.equal(matches(password), true)
    const others = new Set([length - 1, length + 1, length & 255, (length & 255) + 1, 72, 0])
    others.delete(length)
    for (const other of others) {
      assert.equal(matches('a'.repeat(other)), false, `${other} for ${length}`)
    }
    assert.equal(matches(`${'a'.repeat(length - 1)}b`), false)
  }
})

test('a NUL ends no password: one that holds it opens nothing', () => {
  const stored = hashPassword(nativeBcrypt, 'a password', 4)
  for (const password of ['a password\0', 'a password\0b', '\0', 'a password\0a password']) {
    assert.equal(verifyPassword(nativeBcrypt, password, stored, 4).matches, false)
  }
})
