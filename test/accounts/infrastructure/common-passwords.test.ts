import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCommonPasswords } from '../../../src/accounts/infrastructure/common-passwords.ts'

const isCommon = createCommonPasswords()

test('the commonest passwords are known, in any case', () => {
  for (const password of ['password', '12345678', 'qwertyuiop', 'iloveyou', 'PassW0rd', 'Password123', 'TRUSTNO1']) {
    assert.ok(isCommon(password), password)
  }
})

test('the name of the service is a common password', () => {
  assert.ok(isCommon('Latchkey'))
})

test('other passwords are not', () => {
  for (const password of [
    'your_password_123',
    'correct horse battery staple',
    'zq8-vk3m',
    '',
    'constructor',
    '__proto__',
  ]) {
    assert.ok(!isCommon(password), password)
  }
})
