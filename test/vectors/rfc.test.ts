import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, createPublicKey, type JsonWebKeyInput } from 'node:crypto'
import { test } from 'node:test'
import { calculateJwkThumbprint } from 'jose'
import type { Algorithm } from '../../src/keys/domain/signing-key.ts'
import { cryptoKeyMaker } from '../../src/keys/infrastructure/key-maker.crypto.ts'
import { splitCompact } from '../../src/platform/jwt/compact.ts'
import { allAlgorithms, importKey } from '../../src/verify/algorithms.ts'
import { type Example, rfcExamples } from './read.ts'

const times = { createdAt: new Date(0), activatesAt: new Date(0), retiresAt: null }

/** The pieces of an example's token, and of what differs from it in one bit of each of them. */
function piecesOf({ token = '' }: Example) {
  const parts = splitCompact(token)
  assert.ok(parts, 'the token is not canonical')
  const altered = Buffer.from(parts.signature)
  altered.writeUInt8(altered.readUInt8(7) ^ 1, 7)
  return { ...parts, altered, otherInput: `${parts.signingInput}A` }
}

for (const [name, example] of rfcExamples) {
  const { alg, jwk, d, thumbprint, token } = example

  if (token && alg === 'HS256') {
    test(`${name}: the MAC of the example is the one that the taken apart token bears`, () => {
      const { signingInput, signature, otherInput } = piecesOf(example)
      const mac = (input: string) =>
        createHmac('sha256', Buffer.from(`${jwk.k}`, 'base64url'))
          .update(input)
          .digest()
      assert.ok(mac(signingInput).equals(signature))
      assert.ok(!mac(otherInput).equals(signature))
    })
  } else if (token) {
    test(`${name}: the verify kit verifies the example and nothing that differs by a bit`, async () => {
      const { signingInput, signature, altered, otherInput } = piecesOf(example)
      const key = await importKey({ ...jwk, alg, kid: 'rfc' }, new Set(allAlgorithms))
      const verify = (sign: Buffer, input: string) =>
        key?.verify(Uint8Array.from(sign), new TextEncoder().encode(input))
      assert.equal(await verify(signature, signingInput), true)
      assert.equal(await verify(altered, signingInput), false)
      assert.equal(await verify(signature, otherInput), false)
    })

    test(`${name}: the service's own key verifies the example, if it is of a size that the service makes`, () => {
      const { signingInput, signature, altered, otherInput } = piecesOf(example)
      const key = cryptoKeyMaker.load({ kid: 'rfc', algorithm: alg as Algorithm, publicJwk: jwk, ...times }, null)
      // The example's RSA key has 2048 bits; those of the service have 3072, and no signature of another length counts.
      assert.equal(key.verify(signingInput, signature), alg !== 'RS256')
      assert.equal(key.verify(signingInput, altered), false)
      assert.equal(key.verify(otherInput, signature), false)
    })
  }

  if (token && d) {
    test(`${name}: signing gives the example, byte for byte`, () => {
      const { signingInput, signature } = piecesOf(example)
      const input = { key: { ...jwk, d }, format: 'jwk' } as unknown as JsonWebKeyInput
      const privateKey = createPrivateKey(input).export({ format: 'der', type: 'pkcs8' })
      const algorithm = alg as Algorithm
      const key = cryptoKeyMaker.load({ kid: 'rfc', algorithm, publicJwk: jwk, ...times }, privateKey)
      assert.deepEqual(key.sign(signingInput), signature)
    })
  }

  if (thumbprint) {
    test(`${name}: the thumbprint is the published one, also after the key went through Node's own`, async () => {
      assert.equal(await calculateJwkThumbprint(jwk), thumbprint)
      const input = { key: { ...jwk }, format: 'jwk' } as unknown as JsonWebKeyInput
      assert.equal(await calculateJwkThumbprint(createPublicKey(input).export({ format: 'jwk' }) as never), thumbprint)
    })
  }
}

const headerAndPayload =
  'eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const [header, , signature] = (rfcExamples.get('RFC 7515, appendix A.3')?.token ?? '').split('.')

test('RFC 7515, appendix A.5: a token without a signature is none', () => {
  assert.equal(splitCompact(`${headerAndPayload}.`), null)
})

test('RFC 7515, appendices A.6 and A.7: the JSON serialisations are no tokens', () => {
  const [, payload] = headerAndPayload.split('.')
  const one = { protected: header, header: { kid: 'e9bc097a-ce51-4036-9562-d2ade882db0d' }, signature }
  assert.equal(splitCompact(JSON.stringify({ payload, signatures: [one] })), null)
  assert.equal(splitCompact(JSON.stringify({ payload, ...one })), null)
})

test('RFC 7515, appendix F: a token whose content is elsewhere is none', () => {
  assert.equal(splitCompact(`${header}..${signature}`), null)
})
