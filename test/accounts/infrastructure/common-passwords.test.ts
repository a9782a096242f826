import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildFilter } from '../../../scripts/binary-fuse-filter.ts'
import { has, placeOf, slotBytes } from '../../../src/accounts/infrastructure/binary-fuse-filter.ts'
import list from '../../../src/accounts/infrastructure/common-passwords.json' with { type: 'json' }
import { createCommonPasswords } from '../../../src/accounts/infrastructure/common-passwords.ts'

const isCommon = createCommonPasswords()

// The first of 8 characters or more, in other cases too; then those at the ranks 25 000, 50 000, 75 000, 100 000 and last.
const known = `password 12345678 123456789 baseball football qwertyuiop 1234567890 superman 1qaz2wsx trustno1
  jennifer sunshine iloveyou starwars computer michelle 11111111 princess 987654321 corvette password123 letmein123
  PASSWORD PassW0rd Password123 TRUSTNO1 Qwertyuiop 24081966 treetrun ryannayr smokey24 coffeeshop`.split(/\s+/)

test('the commonest passwords are known, in any case', () => {
  for (const password of known) assert.ok(isCommon(password), password)
})

test('other passwords are not', () => {
  const others = [
    'your_password_123',
    'correct horse battery staple',
    'zq8-vk3m',
    'coffeepo',
    '',
    'constructor',
    '__proto__',
  ]
  for (const password of others) assert.ok(!isCommon(password), password)
})

test('a password is looked up as it was received, its case apart: nothing is trimmed, composed or repaired', () => {
  for (const password of [' password123', 'password123 ', 'ｐassword123', 'password\u0301123', 'password\u200b123']) {
    assert.ok(!isCommon(password), password)
  }
})

test('the list has at least 100 000 passwords, and its file less than 600 000 bytes', () => {
  assert.ok(list.words >= 100_000)
  assert.equal(list.minLength, 8)
  assert.ok(JSON.stringify(list).length < 600_000)
  assert.equal(Buffer.from(list.slots, 'base64').length, list.segments * list.segmentLength * slotBytes)
})

test('of 100 000 other words none counts as common, and as many come near as chance gives', () => {
  const filter = { ...list, slots: Buffer.from(list.slots, 'base64') }
  let wrong = 0
  let near = 0
  for (let number = 0; number < 100_000; number++) {
    const word = `nobody's password, number ${number}`
    const { slots, fingerprint } = placeOf(word, filter)
    const rest = slots.reduce((sum, slot) => sum ^ filter.slots.readUIntBE(slot * slotBytes, slotBytes), fingerprint)
    // 8 of the 24 bits that have to be right: 391 of 100 000 if every bit is even.
    if ((rest & 0xff) === 0) near++
    if (rest === 0) wrong++
  }
  assert.equal(wrong, 0)
  assert.ok(near > 300 && near < 480, `${near} near misses`)
})

test('a filter knows each of its words, and the same words in another order give the same bytes', () => {
  const words = Array.from({ length: 20_000 }, (_, number) => `word ${number}`)
  const filter = buildFilter(words)
  for (const word of words) assert.ok(has(filter, word), word)
  assert.ok(!has(filter, 'word 20000'))
  assert.deepEqual(buildFilter(words.toReversed()), filter)
})

for (const count of [2, 10, 500]) {
  test(`a filter of ${count} words knows them and no other`, () => {
    const words = Array.from({ length: count }, (_, number) => `word ${number}`)
    const filter = buildFilter(words)
    assert.ok(words.every((word) => has(filter, word)))
    for (let number = count; number < 2000; number++) assert.ok(!has(filter, `word ${number}`), String(number))
  })
}

test('a word that is there twice is noticed when a filter is built', () => {
  assert.throws(() => buildFilter(['same', 'same', 'other']), /twice/)
})
