import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { madeOf, wordsOfEmail, wordsOfHost } from '../../../src/accounts/domain/context-words.ts'
import { parseEmailAddress } from '../../../src/kernel/email-address.ts'

const wordsOf = (text: string) => {
  const email = parseEmailAddress(text)
  assert(email, text)
  return [...wordsOfEmail(email)].sort()
}

const emails: [email: string, words: string[]][] = [
  ['Anna.Smith@example.com', ['anna', 'anna.smith', 'anna.smith@example.com', 'example', 'example.com', 'smith']],
  [
    'anna+shop@mail.my-shop.example',
    [...['anna', 'anna+shop', 'anna+shop@mail.my-shop.example', 'mail', 'mail.my-shop.example', 'my-shop', 'shop']],
  ],
  ['roe1985@o2.de', ['o2.de', 'roe', 'roe1985', 'roe1985@o2.de']],
  ['j.d@x.io', ['j.d', 'j.d@x.io', 'x.io']],
  ['j.d+a@x.io', ['j.d', 'j.d+a', 'j.d+a@x.io', 'x.io']],
  ['4917012345678@example.com', ['4917012345678@example.com', 'example', 'example.com']],
]

for (const [email, words] of emails) {
  test(`the words of ${email} are ${words.join(', ')}`, () => assert.deepEqual(wordsOf(email), words))
}

const hosts: [host: string, words: string[]][] = [
  ['auth.example.com', ['auth', 'auth.example.com', 'example']],
  ['LOCALHOST', ['localhost']],
  ['my-shop', ['my-shop', 'shop']],
  ['id.my-shop.example', ['id.my-shop.example', 'my-shop', 'shop']],
  ['192.0.2.1', []],
  ['[2001:db8::1]', ['[2001:db8::1]']],
]

for (const [host, words] of hosts) {
  test(`the words of the host ${host} are ${words.join(', ') || 'none'}`, () => {
    assert.deepEqual([...wordsOfHost(host)].sort(), words)
  })
}

const words = ['anna', 'annabell', 'anna.smith', 'smith', 'latchkey']
const passwords: [password: string, of: string[] | null][] = [
  ['anna.smith', ['anna.smith']],
  ['anna.smith1!', ['anna.smith']],
  ['ANNA.SMITH', ['anna.smith']],
  ['Latchkey2026', ['latchkey']],
  ['2026-Latchkey', ['latchkey']],
  ['!!latchkey!!', ['latchkey']],
  ['AnnaSmith1985', ['smith', 'anna']],
  ['smith_anna', ['smith', 'anna']],
  ['annaannaanna', ['anna']],
  ['annabell7', ['annabell']],
  ['latchkey-smith-1', ['latchkey', 'smith']],
  ['smith 01.01.1985', ['smith']],
  ['latchkey123456789012', ['latchkey']],
  ['latchkey1234567890123', null],
  ['latchkeys', null],
  ['my latchkey', null],
  ['anna likes tea with milk', null],
  ['smith and smith and smith', null],
  ['annaß', null],
  ['latchкey', null],
  ['48213-90517', null],
  ['', null],
]

for (const [password, of] of passwords) {
  test(`"${password}" is ${of ? `made of ${of.join(' and ')}` : 'more than those words'}`, () => {
    assert.deepEqual(madeOf(password, words), of)
  })
}

test('without words nothing is made of them', () => assert.equal(madeOf('12345678', []), null))

test('whatever a word is dressed in, of at most 12 digits and signs, it is recognized', () => {
  const trimming = fc.string({ unit: fc.constantFrom(...'0123456789 .-_!?#*@$'), maxLength: 6 })
  fc.assert(
    fc.property(trimming, fc.constantFrom(...words), trimming, (head, word, tail) => {
      assert.ok(madeOf(`${head}${word.toUpperCase()}${tail}`, words)?.length)
    }),
  )
})

test('a password with a letter that belongs to no word is never made of them', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...words), fc.string(), (head, word, tail) => {
      // No word has a q.
      assert.equal(madeOf(`${head}q${word}${tail}`, words), null)
    }),
  )
})

test('the longest address and the longest password are judged without a pause', () => {
  const email = parseEmailAddress(`${'abc.'.repeat(15)}abcd@${'abc.'.repeat(46)}com`)
  assert(email)
  assert.equal(madeOf('abc'.repeat(85), wordsOfEmail(email))?.[0], 'abc')
})
