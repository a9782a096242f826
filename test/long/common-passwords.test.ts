import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCommonPasswords } from '../../src/accounts/infrastructure/common-passwords.ts'

test('of a million other words none counts as common', () => {
  const isCommon = createCommonPasswords()
  const wrong: string[] = []
  for (let number = 0; number < 1_000_000; number++) {
    const word = `nobody's password, number ${number}`
    if (isCommon(word)) wrong.push(word)
  }
  assert.deepEqual(wrong, [])
})
