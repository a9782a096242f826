// GHSA-gmvf-9v4p-v8jc (fast-jwt): a key look-up that found nothing and answered '' made an empty MAC key of it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact, hs256 } from '../support/forge.ts'
import { createSigner, createStand, goodClaims } from '../verify/issuer.ts'
import { assertInvalid, claims, header } from './token-bench.ts'

const kids = ['unknown', '', '__proto__', 'constructor', 'toString', 'undefined', '0', undefined, null, 0, {}]
const keys = ['', '\0', 'undefined', 'null', '[object Object]', new Uint8Array(32)]

test('a token that names no key that there is passes under no empty key', async () => {
  for (const kid of kids) {
    for (const alg of ['HS256', 'ES256']) {
      await assertInvalid(keys.map((key) => compact({ ...header, alg, kid }, claims, hs256(key))))
    }
  }
})

test('the verifier for other services takes no token whose key it does not find', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  assert.equal((await verify(await signer.token())).sub, '7')
  for (const kid of kids) {
    for (const alg of ['HS256', 'ES256']) {
      const forged = keys.map((key) => compact({ alg, typ: 'at+jwt', kid }, goodClaims(), hs256(key)))
      for (const token of forged) await assert.rejects(verify(token), { name: 'TokenRefused' })
    }
  }
})
