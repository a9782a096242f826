// GHSA-c7hr-j4mj-j2w6 (jsonwebtoken): the header chose the algorithm, so a MAC keyed with the public key's text passed.
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { compact, decode, hs256 } from '../support/forge.ts'
import { assertInvalid, claims, header, publicJwk, refresh } from './token-bench.ts'

test('a token with a MAC under any form of the public key is refused', async () => {
  const jwk = { ...publicJwk.publicJwk, kid: publicJwk.kid, use: 'sig', alg: 'ES256' }
  const key = createPublicKey({ key: { ...publicJwk.publicJwk }, format: 'jwk' })
  const pem = key.export({ format: 'pem', type: 'spki' }).toString()
  const x = publicJwk.publicJwk.x ?? ''
  const forms = [
    ...[pem, pem.trim(), ` ${pem}`, `\n${pem}`, pem.replaceAll('\n', '\r\n'), pem.replaceAll('\n', '')],
    ...[JSON.stringify(jwk), JSON.stringify({ keys: [jwk] }), x, publicJwk.kid],
    key.export({ format: 'der', type: 'spki' }),
    Buffer.from(x, 'base64url'),
  ]
  for (const form of forms) {
    for (const own of [header, decode(refresh).header]) {
      for (const alg of ['HS256', 'ES256']) {
        const forged = { ...own, alg, kid: publicJwk.kid }
        await assertInvalid([compact(forged, claims, hs256(form)), compact(own, decode(refresh).claims, hs256(form))])
      }
    }
  }
})
