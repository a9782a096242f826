import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clockSkew, decodeClaims, encodePart, judgeTimes, splitCompact } from '../../../src/platform/jwt/compact.ts'

const part = (text: string | Buffer) => Buffer.from(text).toString('base64url')

/** RFC 7515, appendices A.1 and A.3: one payload, signed with HS256 and with ES256. */
const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const vectors = {
  'A.1': ['eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9', 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', 32],
  'A.3': [
    'eyJhbGciOiJFUzI1NiJ9',
    'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    64,
  ],
} as const

describe('taking a token apart', () => {
  for (const [name, [header, signature, length]] of Object.entries(vectors)) {
    it(`accepts RFC 7515, appendix ${name}`, () => {
      const parts = splitCompact(`${header}.${payload}.${signature}`)
      assert.ok(parts)
      assert.deepEqual([parts.header, parts.payload], [header, payload])
      assert.equal(parts.signingInput, `${header}.${payload}`)
      assert.equal(parts.signature.length, length)
      assert.equal(part(parts.signature), signature)
      assert.deepEqual(decodeClaims(parts.payload), {
        iss: 'joe',
        exp: 1_300_819_380,
        'http://example.com/is_root': true,
      })
    })
  }

  const refused: [what: string, token: string][] = [
    ['nothing', ''],
    ['dots alone', '..'],
    ['one part', 'AAAA'],
    ['two parts', 'AAAA.AAAA'],
    ['four parts', 'AAAA.AAAA.AAAA.AAAA'],
    ['five parts, as of an encrypted token', 'AAAA.AAAA.AAAA.AAAA.AAAA'],
    ['no header', '.AAAA.AAAA'],
    ['a detached payload', 'AAAA..AAAA'],
    ['no signature', 'AAAA.AAAA.'],
    ['padding', 'AAA=.AAAA.AAAA'],
    ['padding of the signature', 'AAAA.AAAA.AA=='],
    ['plus', 'AA+A.AAAA.AAAA'],
    ['slash', 'AA/A.AAAA.AAAA'],
    ['percent', 'AA%41.AAAA.AAAA'],
    ['a space before', ' AAAA.AAAA.AAAA'],
    ['a space within', 'AA AA.AAAA.AAAA'],
    ['a line feed after', 'AAAA.AAAA.AAAA\n'],
    ['a line feed within', 'AAAA.AA\nAA.AAAA'],
    ['NUL', 'AAAA.AAAA.AA\0A'],
    ['a letter outside ASCII', 'AAAA.AAAA.AAÄA'],
    ['the JSON serialisation', '{"payload":"AAAA","signatures":[]}'],
    ['a length that no bytes have', 'AAAAA.AAAA.AAAA'],
    ['one character alone', 'A.AAAA.AAAA'],
    ['an unused bit in the header', 'AAB.AAAA.AAAA'],
    ['an unused bit in the payload', 'AAAA.AB.AAAA'],
    ['an unused bit in the signature', 'AAAA.AAAA.AAB'],
    ['4097 characters', `AAAA.${'A'.repeat(4088)}.AAA`],
    ['a megabyte', `AAAA.${'A'.repeat(1 << 20)}.AAAA`],
  ]
  for (const [what, token] of refused) it(`refuses ${what}`, () => assert.equal(splitCompact(token), null))

  it('accepts 4096 characters', () => assert.ok(splitCompact(`AAAA.${'A'.repeat(4084)}.AAAAAA`)))

  it('accepts each letter at the end of a part that its bytes encode to, and no other', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const before of ['', '_', '__', '___']) {
      for (const letter of letters) {
        const text = before + letter
        const isEncoded = part(Buffer.from(text, 'base64url')) === text
        assert.equal(splitCompact(`AAAA.AAAA.${text}`) !== null, isEncoded, text)
      }
    }
  })

  it('accepts nothing but what its own bytes encode to', () => {
    const letters = [...'ABab01-_=+/. \n']
    const near = fc.array(fc.constantFrom(...letters), { maxLength: 12 }).map((some) => some.join(''))
    const token = fc.oneof(
      fc.tuple(near, near, near).map((parts) => parts.join('.')),
      near,
      fc.string(),
    )
    fc.assert(
      fc.property(token, (text) => {
        const parts = splitCompact(text)
        if (!parts) return
        const again = [parts.header, parts.payload].map((one) => part(Buffer.from(one, 'base64url')))
        assert.equal([...again, part(parts.signature)].join('.'), text)
        assert.equal(`${parts.header}.${parts.payload}`, parts.signingInput)
      }),
      { numRuns: 2000 },
    )
  })

  it('accepts whatever was encoded, and gives it back', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(bytes, bytes, bytes, (header, body, signature) => {
        const parts = splitCompact([header, body, signature].map((one) => part(Buffer.from(one))).join('.'))
        assert.deepEqual(parts?.signature, Buffer.from(signature))
        assert.deepEqual(Buffer.from(parts?.payload ?? '', 'base64url'), Buffer.from(body))
      }),
    )
  })

  it('no change of one character gives the same token', () => {
    const token = `${vectors['A.3'][0]}.${payload}.${vectors['A.3'][1]}`
    const original = splitCompact(token)
    assert.ok(original)
    for (let index = 0; index < token.length; index++) {
      for (const other of 'AQgw_9') {
        if (other === token[index]) continue
        const parts = splitCompact(token.slice(0, index) + other + token.slice(index + 1))
        if (parts)
          assert.notDeepEqual([parts.signingInput, parts.signature], [original.signingInput, original.signature])
      }
    }
  })
})

describe('the claims of a token', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        const plain = JSON.parse(JSON.stringify(claims))
        assert.deepEqual(decodeClaims(encodePart(plain)), plain)
      }),
    )
  })

  const refused: [what: string, payload: string][] = [
    ['no JSON', part('not json')],
    ['nothing', ''],
    ['a list', part('[]')],
    ['a string', part('"text"')],
    ['a number', part('1')],
    ['null', part('null')],
    ['JSON with more after it', part('{}{}')],
    ['JSON after a byte order mark', part('\ufeff{}')],
    ['bytes that are not UTF-8', part(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    ['a surrogate in UTF-8', part(Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d]))],
    ['UTF-16', part(Buffer.from('{}', 'utf16le'))],
    ['single quotes', part("{'a':1}")],
    ['NaN', part('{"exp":NaN}')],
  ]
  for (const [what, text] of refused) it(`are none: ${what}`, () => assert.equal(decodeClaims(text), null))
})

describe('the times of a token', () => {
  const [now, longest] = [1_800_000_000, 300]
  const good = { iat: now, exp: now + longest }

  const table: [what: string, claims: Record<string, unknown>, judged: 'live' | 'expired' | 'invalid'][] = [
    ['issued now, for the longest life', good, 'live'],
    ['a second before its end', { iat: now - 299, exp: now + 1 }, 'live'],
    ['at its end', { iat: now - 300, exp: now }, 'expired'],
    ['after its end: no skew is granted', { iat: now - 301, exp: now - 1 }, 'expired'],
    ['long after its end', { iat: 1, exp: 2 }, 'expired'],
    ['a life of one second', { iat: now, exp: now + 1 }, 'live'],
    ['a life that is too long', { iat: now, exp: now + longest + 1 }, 'invalid'],
    ['a life that is too long, and over', { iat: now - 1000, exp: now - 1 }, 'invalid'],
    ['no life', { iat: now, exp: now }, 'invalid'],
    ['an end before its start', { iat: now, exp: now - 1 }, 'invalid'],
    ['issued on a clock that is ahead by the skew', { iat: now + clockSkew, exp: now + 10 }, 'live'],
    ['issued on a clock that is ahead by more', { iat: now + clockSkew + 1, exp: now + 10 }, 'invalid'],
    ['valid from now on', { ...good, nbf: now }, 'live'],
    ['valid from a clock that is ahead by the skew', { ...good, nbf: now + clockSkew }, 'live'],
    ['valid from later on', { ...good, nbf: now + clockSkew + 1 }, 'invalid'],
    ['valid from what is no date', { ...good, nbf: 'now' }, 'invalid'],
    ['valid from null', { ...good, nbf: null }, 'invalid'],
    ['no iat', { exp: now + 10 }, 'invalid'],
    ['no exp', { iat: now }, 'invalid'],
    ['neither', {}, 'invalid'],
    ...[`${now + 10}`, now + 10.5, null, [now + 10], Number.POSITIVE_INFINITY, Number.NaN, 2 ** 53, -1, 0, true].map(
      (exp): [string, Record<string, unknown>, 'invalid'] => [
        `exp ${JSON.stringify(exp)}`,
        { iat: now, exp },
        'invalid',
      ],
    ),
    ['iat as text', { iat: `${now}`, exp: now + 10 }, 'invalid'],
    ['iat zero', { iat: 0, exp: 10 }, 'invalid'],
  ]
  for (const [what, claims, judged] of table) {
    it(`${judged}: ${what}`, () => assert.equal(judgeTimes(claims, now, longest), judged))
  }
})
