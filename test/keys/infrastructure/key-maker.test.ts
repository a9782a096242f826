import assert from 'node:assert/strict'
import { createHash, createPrivateKey, type JsonWebKeyInput } from 'node:crypto'
import { describe, it } from 'node:test'
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose'
import { type Algorithm, algorithms, type SigningKey } from '../../../src/keys/domain/signing-key.ts'
import { cryptoKeyMaker } from '../../../src/keys/infrastructure/key-maker.crypto.ts'
import { encodePart } from '../../../src/platform/jwt/compact.ts'

const times = { createdAt: new Date(0), activatesAt: new Date(0), retiresAt: null }

/** RFC 7515, appendix A.3 (ES256), and RFC 8037, appendix A.4 (EdDSA). */
const vectors = [
  {
    algorithm: 'ES256',
    publicJwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
    kid: 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U',
    input:
      'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
    signature: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
  {
    algorithm: 'EdDSA',
    publicJwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    input: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
    signature: 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
] as const

const load = ({ algorithm, publicJwk, kid, d }: (typeof vectors)[number]) => {
  const jwk = { key: { ...publicJwk, d }, format: 'jwk' } as JsonWebKeyInput
  const privateKey = createPrivateKey(jwk).export({ format: 'der', type: 'pkcs8' })
  return cryptoKeyMaker.load({ kid, algorithm, publicJwk, ...times }, privateKey)
}

for (const vector of vectors) {
  describe(`the published vector of ${vector.algorithm}`, () => {
    const key = load(vector)
    const signature = Buffer.from(vector.signature, 'base64url')

    it('verifies', () => assert.equal(key.verify(vector.input, signature), true))

    it('has the thumbprint that is published', async () => {
      assert.equal(await calculateJwkThumbprint(vector.publicJwk), vector.kid)
    })

    it('does not verify when any one bit of the signature is flipped', () => {
      for (let bit = 0; bit < signature.length * 8; bit++) {
        const altered = Buffer.from(signature)
        altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        assert.equal(key.verify(vector.input, altered), false, `bit ${bit}`)
      }
    })

    it('does not verify another text', () => {
      for (const input of ['', `${vector.input}A`, vector.input.slice(1), vector.input.toUpperCase()]) {
        assert.equal(key.verify(input, signature), false)
      }
    })
  })
}

describe('a signature of ES256 that no signer makes is refused', () => {
  const [vector] = vectors
  const key = load(vector)
  const good = Buffer.from(vector.signature, 'base64url')
  const [r, s] = [good.subarray(0, 32), good.subarray(32)]
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const number = (value: number) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
  const [zero, one, most] = [number(0), number(1), Buffer.alloc(32, 255)]
  const before = Buffer.from(order)
  before.writeUInt8(before.readUInt8(31) - 1, 31)

  const signatures: [what: string, signature: Buffer][] = [
    ['r and s are zero', Buffer.concat([zero, zero])],
    ['r is zero', Buffer.concat([zero, s])],
    ['s is zero', Buffer.concat([r, zero])],
    ['r is zero and s is one', Buffer.concat([zero, one])],
    ['r is one and s is zero', Buffer.concat([one, zero])],
    ['r and s are one', Buffer.concat([one, one])],
    ['r is the order', Buffer.concat([order, s])],
    ['s is the order', Buffer.concat([r, order])],
    ['both are the order', Buffer.concat([order, order])],
    ['both are one less than the order', Buffer.concat([before, before])],
    ['both are past the order', Buffer.concat([most, most])],
    ['r and s have changed places', Buffer.concat([s, r])],
    ['it is empty', Buffer.alloc(0)],
    ['it has no s', r],
    ['it is a byte short', good.subarray(0, 63)],
    ['it is a byte long', Buffer.concat([good, Buffer.alloc(1)])],
    ['each half has a zero before it', Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s])],
    ['it is there twice', Buffer.concat([good, good])],
    ['it is in DER', der(r, s)],
  ]
  for (const [what, signature] of signatures) {
    it(what, () => assert.equal(key.verify(vector.input, signature), false))
  }
})

describe('a key that is made', () => {
  const members: Record<Algorithm, string[]> = {
    ES256: ['kty', 'crv', 'x', 'y'],
    EdDSA: ['kty', 'crv', 'x'],
    PS256: ['kty', 'n', 'e'],
    RS256: ['kty', 'n', 'e'],
  }

  for (const algorithm of algorithms) {
    it(`for ${algorithm} signs what anyone verifies by its public half, which tells nothing more`, async () => {
      const { privateKey, ...made } = await cryptoKeyMaker.generate(algorithm)
      assert.equal(made.algorithm, algorithm)
      assert.deepEqual(Object.keys(made.publicJwk), members[algorithm])
      assert.equal(made.kid, await calculateJwkThumbprint(made.publicJwk as JWK))
      // RFC 7638, section 3: the members in the order of their names, without white space.
      const canonical = JSON.stringify(Object.fromEntries(Object.entries(made.publicJwk).toSorted()))
      assert.equal(made.kid, createHash('sha256').update(canonical).digest('base64url'))

      const key = cryptoKeyMaker.load({ ...made, ...times }, privateKey)
      const input = `${encodePart({ alg: algorithm })}.${encodePart({ sub: '1' })}`
      const token = `${input}.${key.sign(input).toString('base64url')}`
      const verifier = await importJWK({ ...made.publicJwk } as JWK, algorithm)
      assert.equal((await compactVerify(token, verifier, { algorithms: [algorithm] })).protectedHeader.alg, algorithm)
      assert.equal(key.verify(input, key.sign(input)), true)
      assert.equal(key.verify(`${input}A`, key.sign(input)), false)
    })
  }

  it('is another one each time', async () => {
    const several = await Promise.all(Array.from({ length: 20 }, () => cryptoKeyMaker.generate('ES256')))
    assert.equal(new Set(several.map((key) => key.kid)).size, 20)
  })

  it('is not loaded with the private half of another', async () => {
    const [one, other] = await Promise.all([cryptoKeyMaker.generate('ES256'), cryptoKeyMaker.generate('ES256')])
    const { privateKey: _, ...publicHalf } = one
    const key: SigningKey = { ...publicHalf, ...times }
    assert.throws(() => cryptoKeyMaker.load(key, other.privateKey), {
      message: new RegExp(`${one.kid} fails its self-`),
    })
    assert.throws(() => cryptoKeyMaker.load(key, Buffer.from('no key')))
  })
})

/** Two positive integers in DER (X.690, section 8.3): no needless zeros, and one where the first bit is set. */
function der(...numbers: Buffer[]): Buffer {
  const integers = numbers.map((number) => {
    const value = number.readUInt8(0) > 127 ? Buffer.concat([Buffer.alloc(1), number]) : number
    return Buffer.concat([Buffer.from([2, value.length]), value])
  })
  const body = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([48, body.length]), body])
}
