// GHSA-jfxm-w8g2-4rcv (node-jose): a token was verified with the key that came along in its own header.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact, es256, strangersKey } from '../support/forge.ts'
import { createSigner, createStand } from '../verify/issuer.ts'
import { assertInvalid, claims, header } from './token-bench.ts'

test("a token that brings its own key along is refused, under that key's name and under the service's", async () => {
  const stranger = await strangersKey()
  const jwk = stranger.publicKey.export({ format: 'jwk' })
  for (const kid of [stranger.kid, header.kid, undefined]) {
    for (const key of [jwk, { ...jwk, kid }, stranger.publicKey.export({ format: 'pem', type: 'spki' })]) {
      const own = { ...header, kid, jwk: key }
      await assertInvalid([own, { ...own, x5c: [key] }].map((one) => compact(one, claims, es256(stranger.privateKey))))
    }
  }
})

test('the verifier for other services asks for the published keys, whatever key a token brings along', async () => {
  const [signer, stranger] = [await createSigner(), await createSigner()]
  const { verify, requests } = createStand([signer])
  for (const kid of [signer.kid, stranger.kid]) {
    const header = { kid, jwk: stranger.jwk, jku: 'https://evil.example/jwks.json', x5u: 'https://evil.example/c.pem' }
    await assert.rejects(verify(await stranger.token({}, header)), { name: 'TokenRefused' })
  }
  assert.deepEqual([...new Set(requests)], ['https://auth.example.com/.well-known/jwks.json'])
})
