import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { acceptHash } from '../../../src/accounts/domain/accept-hash.ts'
import { foreignHash, writeForeignHash } from '../../../src/accounts/domain/foreign-hash.ts'
import { type SchemeName, schemes } from '../../../src/accounts/domain/foreign-schemes.ts'
import { parseStoredHash } from '../../../src/accounts/domain/stored-hash.ts'
import { fixedSeed } from '../../fuzz/property.ts'
import { vectors } from '../hash-vectors.ts'

const accept = acceptHash(12)
const storedOf = (hash: string) => {
  const verdict = accept(hash)
  return verdict.kind === 'accepted' ? verdict.stored : verdict.because
}

describe('a hash that is accepted', () => {
  for (const [source, , hash, stored] of vectors) {
    it(`is stored in one form: ${source}`, () => {
      const canonical = storedOf(hash)
      assert.ok(canonical.startsWith(stored), canonical)
      assert.equal(typeof parseStoredHash(canonical), 'object')
      // What is stored is accepted as itself: an export can be imported.
      assert.equal(storedOf(canonical), canonical)
    })
  }

  it('has one text, whatever was read', () => {
    const names = Object.keys(schemes) as SchemeName[]
    const number = fc.integer({ min: 1, max: 20 })
    const bytes = (least: number) => fc.uint8Array({ minLength: least, maxLength: 40 }).map((all) => Buffer.from(all))
    const hashes = fc.record({
      name: fc.constantFrom(...names),
      numbers: fc.record({
        m: fc.integer({ min: 1, max: 9999 }),
        t: number,
        p: number,
        ln: number,
        r: number,
        i: number,
      }),
      ss: bytes(0),
      salt: fc.oneof(bytes(8), bytes(0)),
      digest: fc.oneof(
        bytes(16),
        fc.constantFrom(16, 20, 32, 64).map((size) => Buffer.alloc(size, 7)),
        bytes(0),
      ),
    })
    let accepted = 0
    fc.assert(
      fc.property(hashes, fc.nat(), fc.string({ unit: 'binary', maxLength: 2 }), (given, at, noise) => {
        const { name, numbers, ss, salt, digest } = given
        const text = writeForeignHash(foreignHash(name, { numbers, bytes: { ss, sk: digest }, salt, digest }))
        const place = at % (text.length + 1)
        for (const candidate of [text, `${text.slice(0, place)}${noise}${text.slice(place + noise.length)}`]) {
          const parsed = parseStoredHash(candidate)
          if (typeof parsed === 'string') continue
          accepted++
          assert.equal(parsed.kind === 'foreign' ? writeForeignHash(parsed) : candidate, candidate)
        }
      }),
      { seed: fixedSeed, numRuns: 3000 },
    )
    assert.ok(accepted > 300, `${accepted}`)
  })
})

describe('a hash that is refused', () => {
  const digest = 'A'.repeat(43)
  const salt = 'c29tZXNhbHQ'
  const argon2 = (parameters: string) => `$argon2id$v=19$${parameters}$${salt}$${digest}`
  for (const [what, hash, because] of [
    ['nothing', '', 'malformed'],
    ['a password', 'correct horse', 'malformed'],
    ['a bare MD5 sum', '5f4dcc3b5aa765d61d8327deb882cf99', 'malformed'],
    ['a sum without salt', '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'malformed'],
    ['an unusable password of Django', '!Wl8kQ4WX2N3FqX0tCk7YRUD1dEv3TwdKMsQvJN8b', 'malformed'],
    ['MD5-crypt', '$1$28772684$iEwNOgGugqO9.bIz5sk8k/', 'foreign_scheme'],
    ['SHA-512-crypt', '$6$rounds=5000$salt$digest', 'foreign_scheme'],
    ['argon2d', argon2('m=65536,t=3,p=4').replace('argon2id', 'argon2d'), 'foreign_scheme'],
    ['argon2 of version 1.0', argon2('m=65536,t=3,p=4').replace('v=19', 'v=16'), 'malformed'],
    ['argon2 without a version', argon2('m=65536,t=3,p=4').replace('v=19$', ''), 'malformed'],
    ['parameters in another order', argon2('t=3,m=65536,p=4'), 'malformed'],
    ['a parameter twice', argon2('m=65536,t=3,p=4,p=4'), 'malformed'],
    ['a parameter too few', argon2('m=65536,t=3'), 'malformed'],
    ['a leading zero', argon2('m=065536,t=3,p=4'), 'malformed'],
    ['a parameter of an object', argon2('m=65536,t=3,p=4,constructor=1'), 'malformed'],
    ['padding', `${argon2('m=65536,t=3,p=4')}=`, 'malformed'],
    ['spare bits in the digest', argon2('m=65536,t=3,p=4').replace(/A$/, 'B'), 'malformed'],
    ['a digest that too many passwords fit', `$argon2id$v=19$m=65536,t=3,p=4$${salt}$AAAA`, 'malformed'],
    ['less memory than the lanes need', argon2('m=8,t=3,p=4'), 'malformed'],
    ['a thousand lanes', argon2('m=65536,t=3,p=1000'), 'malformed'],
    ['a gibibyte', argon2('m=1048576,t=1,p=1'), 'cost_out_of_range'],
    ['a thousand passes', argon2('m=65536,t=1000,p=1'), 'cost_out_of_range'],
    ['scrypt of a gibibyte', `$scrypt$ln=20,r=8,p=1$${salt}$${digest}`, 'cost_out_of_range'],
    ['scrypt a thousand times', `$scrypt$ln=14,r=8,p=1000$${salt}$${digest}`, 'cost_out_of_range'],
    ['scrypt with an N that is no power of two', 'scrypt$16383$salt$8$1$AAAAAAAAAAAAAAAAAAAAAA==', 'malformed'],
    ['a hundred million iterations', `$pbkdf2-sha256$i=100000000$${salt}$${digest}`, 'cost_out_of_range'],
    ['as many, of Django', 'pbkdf2_sha256$100000000$salt$AAAAAAAAAAAAAAAAAAAAAA==', 'cost_out_of_range'],
    ['phpass 2^30 times', '$P$SohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', 'cost_out_of_range'],
    ['phpass fewer times than it allows', '$P$.ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', 'malformed'],
    ['SSHA without a salt', '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'malformed'],
    ['bcrypt of cost 16', 'bcrypt$$2b$16$Z17AXnnlpzddNUvnC6cZNOSwMA/8oNiKnHTHTwLlBijfucQQlHjaG', 'cost_out_of_range'],
    ['a megabyte', `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${'A'.repeat(1 << 20)}`, 'malformed'],
  ] as const) {
    it(`${what}: ${because}`, () => assert.equal(storedOf(hash), because))
  }
})

describe('what an import is told of a hash', () => {
  it('is what it takes: memory for a moment, and whether longer than a hash of today', () => {
    const django = 'pbkdf2_sha256$1200000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    const of = (cost: number, hash: string) => {
      const { dearer, memory } = { dearer: null, memory: null, ...acceptHash(cost)(hash) }
      return { dearer, memory }
    }
    assert.deepEqual(of(10, django), { dearer: true, memory: 0 })
    assert.deepEqual(of(12, django), { dearer: false, memory: 0 })
    const argon2 = `$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$${'A'.repeat(43)}`
    assert.deepEqual(of(12, argon2), { dearer: false, memory: 64 * 1024 * 1024 })
  })

  it('is no longer for a hash of the very cost of today, and longer for one above', () => {
    const of = (rounds: number) => `$2b$${rounds}$Z17AXnnlpzddNUvnC6cZNOSwMA/8oNiKnHTHTwLlBijfucQQlHjaG`
    const accepted = { kind: 'accepted', scheme: 'bcrypt', memory: 0 }
    assert.deepEqual(accept(of(12)), { ...accepted, stored: of(12), dearer: false })
    assert.deepEqual(accept(of(13)), { ...accepted, stored: of(13), dearer: true })
  })

  it('is for one that is refused the reason alone', () => {
    assert.deepEqual(accept('$1$28772684$iEwNOgGugqO9.bIz5sk8k/'), { kind: 'refused', because: 'foreign_scheme' })
  })
})
