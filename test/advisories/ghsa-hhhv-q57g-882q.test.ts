// GHSA-hhhv-q57g-882q (jose): an encrypted token was decrypted and inflated with no bound on what comes out.
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { CompactEncrypt } from 'jose'
import { part } from '../support/forge.ts'
import { access, assertInvalid, claims, publicJwk, refresh } from './token-bench.ts'

test("an encrypted token is refused, also one that the service's own key could open", async () => {
  const key = createPublicKey({ key: { ...publicJwk.publicJwk }, format: 'jwk' })
  const encrypt = (content: string, header: object) =>
    new CompactEncrypt(Buffer.from(content))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: publicJwk.kid, ...header })
      .encrypt(key)
  await assertInvalid([
    await encrypt(JSON.stringify(claims), { typ: 'at+jwt' }),
    await encrypt(access, { cty: 'JWT' }),
    await encrypt(refresh, { cty: 'JWT' }),
  ])
})

test('a token that would inflate to megabytes, or have a password hashed a billion times, is refused as it is', async () => {
  const bomb = deflateRawSync(Buffer.alloc(2 << 20)).toString('base64url')
  const headers = [
    { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
    { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2c: 1e9, p2s: 'c2FsdA' },
  ]
  await assertInvalid(headers.map((header) => [part(header), 'a2V5', 'aXY', bomb, 'dGFn'].join('.')))
})
