import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Algorithm } from '../../src/keys/domain/signing-key.ts'
import { cryptoKeyMaker } from '../../src/keys/infrastructure/key-maker.crypto.ts'
import { allAlgorithms, importKey } from '../../src/verify/algorithms.ts'
import { type Vector, wycheproof } from './read.ts'

const bytes = (text = '') => Uint8Array.from(Buffer.from(text, 'base64url'))
const times = { createdAt: new Date(0), activatesAt: new Date(0), retiresAt: null }

const loaded = ({ jwk }: Vector, algorithm: Algorithm) =>
  cryptoKeyMaker.load({ kid: 'wycheproof', algorithm, publicJwk: jwk, ...times }, null)

const imported = ({ jwk }: Vector, alg: Algorithm) =>
  importKey({ ...jwk, alg, kid: 'wycheproof' }, new Set(allAlgorithms))

/** Of a signature without the NULL of its parameters RFC 8017, section 8.2.2, lets a verifier take what it likes. */
const acceptable = false

for (const algorithm of ['ES256', 'EdDSA', 'PS256', 'RS256'] as const) {
  const vectors = wycheproof(algorithm.toLowerCase())

  test(`${algorithm}: the verify kit accepts the valid signatures of Wycheproof and no other`, async () => {
    const found = await Promise.all(
      vectors.map(async (vector) => {
        const [message, signature] = vector.texts
        const key = await imported(vector, algorithm)
        return [vector.name, !!key && (await key.verify(bytes(signature), bytes(message)))]
      }),
    )
    assert.deepEqual(found, expected(vectors))
  })

  test(`${algorithm}: the service's own keys accept the valid signatures of Wycheproof and no other`, () => {
    // A signing input is ASCII, and what is no text at all has no way in.
    const texts = vectors.filter(({ texts: [message = ''] }) => isText(bytes(message)))
    assert.ok(texts.length >= 50, `${texts.length} of ${vectors.length} messages are text`)
    const found = texts.map((vector) => {
      const [message = '', signature = ''] = vector.texts
      const input = Buffer.from(message, 'base64url').toString()
      return [vector.name, loaded(vector, algorithm).verify(input, Buffer.from(signature, 'base64url'))]
    })
    assert.deepEqual(found, expected(texts))
  })
}

const expected = (vectors: readonly Vector[]) =>
  vectors.map(({ name, verdict }) => [name, verdict === 'acceptable' ? acceptable : verdict === 'valid'])

const isText = (message: Uint8Array) => Buffer.from(Buffer.from(message).toString()).equals(message)
