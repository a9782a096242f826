import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  foreignHash,
  longestPasswordOf,
  memoryOfForeign,
  parseForeignHash,
  roundsOfForeign,
  writeForeignHash,
} from '../../../src/accounts/domain/foreign-hash.ts'
import { type SchemeName, schemes } from '../../../src/accounts/domain/foreign-schemes.ts'
import { parseStoredHash } from '../../../src/accounts/domain/stored-hash.ts'

const bytes = (size: number) => Buffer.alloc(size, 7)
const b64 = (size: number) => bytes(size).toString('base64').replaceAll('=', '')

/** A text whose parameters are all written by the test, with a salt and a digest of so many bytes. */
const text = (scheme: string, parameters: string, salt = 16, digest = 32) =>
  `$${scheme}$${parameters}${parameters && '$'}${b64(salt)}$${b64(digest)}`
const argon2 = (parameters: string, salt?: number, digest?: number) =>
  text('argon2id', `v=19$${parameters}`, salt, digest)
const firebase = (parameters: string, separator: number, key: number, salt?: number, digest?: number) =>
  text('firebase-scrypt', `${parameters},ss=${b64(separator)},sk=${b64(key)}`, salt, digest)

function parsed(hash: string) {
  const found = parseForeignHash(hash)
  assert.ok(found !== null && typeof found === 'object', `${hash} is ${found}`)
  return found
}

describe('a bound on what a login may cost, or on what is sound', () => {
  for (const [what, within, beyond, because] of [
    ['work', text('pbkdf2-sha256', 'i=13107200'), text('pbkdf2-sha256', 'i=13107201'), 'cost_out_of_range'],
    ['memory', argon2('m=262144,t=1,p=1'), argon2('m=262145,t=1,p=1'), 'cost_out_of_range'],
    ['memory for one lane of argon2', argon2('m=8,t=1,p=1'), argon2('m=7,t=1,p=1'), 'malformed'],
    ['memory for several lanes', argon2('m=24,t=1,p=3'), argon2('m=23,t=1,p=3'), 'malformed'],
    ['lanes', argon2('m=1024,t=1,p=16'), argon2('m=1024,t=1,p=17'), 'malformed'],
    ['the least passes', argon2('m=1024,t=1,p=1'), argon2('m=1024,t=0,p=1'), 'malformed'],
    ['the least iterations', text('pbkdf2-sha256', 'i=1'), text('pbkdf2-sha256', 'i=0'), 'malformed'],
    ["the shortest salt of argon2's", argon2('m=8,t=1,p=1', 8), argon2('m=8,t=1,p=1', 7), 'malformed'],
    ['the shortest salt', text('pbkdf2-sha1', 'i=9', 1), text('pbkdf2-sha1', 'i=9', 0), 'malformed'],
    ['the longest salt', text('pbkdf2-sha1', 'i=9', 256), text('pbkdf2-sha1', 'i=9', 257), 'malformed'],
    [
      "the longest separator of Firebase's",
      firebase('ln=14,r=8,p=1', 256, 64, 10, 64),
      firebase('ln=14,r=8,p=1', 257, 64, 10, 64),
      'malformed',
    ],
    [
      "the size of a signer key of Firebase's",
      firebase('ln=14,r=8,p=1', 1, 64, 10, 64),
      firebase('ln=14,r=8,p=1', 1, 63, 10, 64),
      'malformed',
    ],
    ['the shortest digest', text('pbkdf2-sha1', 'i=9', 8, 16), text('pbkdf2-sha1', 'i=9', 8, 15), 'malformed'],
    ['the longest digest', text('pbkdf2-sha1', 'i=9', 8, 128), text('pbkdf2-sha1', 'i=9', 8, 129), 'malformed'],
    ['N of scrypt for its block size', text('scrypt', 'ln=15,r=1,p=1'), text('scrypt', 'ln=16,r=1,p=1'), 'malformed'],
    ["the same of Firebase's", firebase('ln=15,r=1,p=1', 1, 32), firebase('ln=16,r=1,p=1', 1, 32), 'malformed'],
    ['the shortest sum', text('ssha1', '', 4, 20), text('ssha1', '', 4, 19), 'malformed'],
    ['the longest sum', text('ssha256', '', 4, 32), text('ssha256', '', 4, 33), 'malformed'],
    ['the least rounds of phpass', text('phpass', 'ln=7', 8, 16), text('phpass', 'ln=6', 8, 16), 'malformed'],
    ['the shortest salt of phpass', text('phpass', 'ln=10', 8, 16), text('phpass', 'ln=10', 7, 16), 'malformed'],
    ['the longest salt of phpass', text('phpass', 'ln=10', 8, 16), text('phpass', 'ln=10', 9, 16), 'malformed'],
    ['the digest of phpass', text('phpass', 'ln=10', 8, 16), text('phpass', 'ln=10', 8, 17), 'malformed'],
  ] as const) {
    it(`is itself allowed, and one beyond it is ${because}: ${what}`, () => {
      assert.equal(writeForeignHash(parsed(within)), within)
      assert.equal(parseForeignHash(beyond), because)
    })
  }

  for (const [what, sound, unsound] of [
    ['the logarithm of N', text('scrypt', 'ln=30,r=2,p=1'), text('scrypt', 'ln=31,r=2,p=1')],
    ["the same of Firebase's", firebase('ln=30,r=2,p=1', 1, 32), firebase('ln=31,r=2,p=1', 1, 32)],
    ['r and p together', text('scrypt', 'ln=1,r=32767,p=32768'), text('scrypt', 'ln=1,r=32768,p=32768')],
    ['the rounds of phpass', text('phpass', 'ln=30', 8, 16), text('phpass', 'ln=31', 8, 16)],
  ] as const) {
    it(`tells what is too dear from what the scheme does not have: ${what}`, () => {
      assert.equal(parseForeignHash(sound), 'cost_out_of_range')
      assert.equal(parseForeignHash(unsound), 'malformed')
    })
  }

  it('is in the length of the whole text, whatever its parts are', () => {
    const [longest, longer] = ['p=1', 'p=10'].map((lanes) => firebase(`ln=14,r=8,${lanes}`, 225, 128, 256, 128))
    assert.deepEqual([longest?.length, longer?.length], [1024, 1025])
    assert.equal(typeof parseStoredHash(longest ?? ''), 'object')
    assert.equal(parseStoredHash(longer ?? ''), 'malformed')
  })
})

describe('a text of a scheme that is known', () => {
  for (const [what, hash] of [
    ['a fraction', text('pbkdf2-sha256', 'i=1000.5')],
    ['no number', text('pbkdf2-sha256', 'i=NaN')],
    ['a number below zero', text('pbkdf2-sha256', 'i=-5')],
    ['a number of eleven digits', text('pbkdf2-sha256', 'i=10000000000')],
    ['a leading zero', text('pbkdf2-sha256', 'i=01000')],
    ['a parameter without a value', text('pbkdf2-sha256', 'i')],
    ["a parameter of Firebase's without a value", text('firebase-scrypt', 'ln=14,r=8,p=1,ss,sk=BwcH')],
    ['a parameter of another scheme', text('pbkdf2-sha256', 'i=1000,ln=3')],
    ['bytes of another scheme', text('pbkdf2-sha256', 'i=1000,ss=Bw')],
    ['a parameter that is a part of every object', text('pbkdf2-sha256', 'i=1000,__proto__=Bw')],
    ['a parameter of a scheme that has none', text('ssha1', 'i=1', 4, 20)],
    ['a parameter twice', text('pbkdf2-sha256', 'i=1000,i=1000')],
    ['an empty parameter', text('pbkdf2-sha256', 'i=1000,')],
    ['its name alone', '$phpass'],
    ['its name and one part', '$phpass$ln=10'],
    ['its name and two parts', '$phpass$ln=10$BwcHBwcHBwc'],
    ['something before it', `x${text('pbkdf2-sha256', 'i=1000')}`],
    ['the other alphabet of base64', text('pbkdf2-sha256', 'i=1000').replace(/.{4}$/, '-_-8')],
    ['padding of the salt', text('pbkdf2-sha256', 'i=1000').replace(/(.*)\$/, '$1==$')],
    ['spare bits in the salt', text('pbkdf2-sha256', 'i=1000').replace(/w\$/, 'x$')],
  ] as const) {
    it(`is malformed in a second spelling: ${what}`, () => assert.equal(parseForeignHash(hash), 'malformed'))
  }

  it('is read into the parts of which it was made', () => {
    const numbers = { m: 64, t: 2, p: 1, ln: 8, r: 8, i: 1000 }
    for (const name of Object.keys(schemes) as SchemeName[]) {
      const [size] = name === 'phpass' ? [16] : schemes[name].digest
      const used = Object.fromEntries(schemes[name].numbers.map((number) => [number, numbers[number]]))
      const keys = name === 'firebase-scrypt' ? { ss: bytes(1), sk: bytes(size) } : {}
      const made = foreignHash(name, { numbers: used, bytes: keys, salt: bytes(8), digest: bytes(size) })
      assert.deepEqual(parsed(writeForeignHash(made)), made)
    }
  })
})

describe('a text of no scheme that is known', () => {
  for (const hash of ['', '$', 'scrypt', '$scrypt2$ln=14,r=8,p=1$BwcH$BwcH', '$constructor$a$b', '$2b$12$abc'])
    it(`is left to others: ${hash}`, () => assert.equal(parseForeignHash(hash), null))
})

describe('what a check of a hash takes', () => {
  for (const [hash, rounds, memory] of [
    [argon2('m=65536,t=3,p=4'), 3072, 67_108_864],
    [text('scrypt', 'ln=14,r=8,p=5'), (16_384 * 8 * 5) / 175, 16_782_336],
    [text('scrypt-nfkc', 'ln=14,r=16,p=1'), (16_384 * 16) / 175, 33_556_480],
    [firebase('ln=14,r=8,p=1', 1, 64, 10, 64), (16_384 * 8) / 175, 16_778_240],
    [text('pbkdf2-sha1', 'i=4000', 16, 20), 10, 0],
    [text('pbkdf2-sha1', 'i=4000', 16, 21), 20, 0],
    [text('pbkdf2-sha256', 'i=4000', 16, 32), 10, 0],
    [text('pbkdf2-sha256', 'i=4000', 16, 64), 20, 0],
    [text('pbkdf2-sha512', 'i=1450', 16, 64), 10, 0],
    [text('phpass', 'ln=10', 8, 16), 51.2, 0],
    [text('ssha1', '', 4, 20), 1, 0],
  ] as const) {
    it(`is counted in rounds of bcrypt and in bytes: ${hash.slice(0, 32)}`, () => {
      assert.equal(roundsOfForeign(parsed(hash)), rounds)
      assert.equal(memoryOfForeign(parsed(hash)), memory)
    })
  }

  it('is bounded by the length of a password, which is shorter where time grows with it', () => {
    assert.equal(longestPasswordOf(parsed(text('phpass', 'ln=10', 8, 16))), 1024)
    assert.equal(longestPasswordOf(parsed(text('ssha1', '', 4, 20))), 4096)
    assert.equal(longestPasswordOf(parsed(argon2('m=65536,t=3,p=4'))), 4096)
  })
})
