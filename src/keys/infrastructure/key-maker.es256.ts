import { createPrivateKey, createPublicKey, generateKeyPair, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import type { KeyMaker } from '../application/ports.ts'

const generate = promisify(generateKeyPair)

/** Keys for ES256: ECDSA on P-256 with SHA-256, signatures as R || S of 64 bytes (RFC 7518, section 3.4). */
export const es256KeyMaker: KeyMaker = {
  async generate() {
    const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-256' })
    const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
    if (!kty || !crv || !x || !y) throw new Error('a new P-256 key exported no coordinates')
    const publicJwk = { kty, crv, x, y }
    return {
      kid: await calculateJwkThumbprint(publicJwk),
      algorithm: 'ES256',
      publicJwk,
      privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
    }
  },

  load(key, privateKey) {
    const signer = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' })
    const verifier = createPublicKey({ key: { ...key.publicJwk }, format: 'jwk' })
    const loaded = {
      kid: key.kid,
      algorithm: key.algorithm,
      publicJwk: key.publicJwk,
      createdAt: key.createdAt,
      activatesAt: key.activatesAt,
      retiresAt: key.retiresAt,
      sign: (input: string) => sign('sha256', Buffer.from(input), { key: signer, dsaEncoding: 'ieee-p1363' }),
      verify: (input: string, signature: Buffer) =>
        signature.length === 64 &&
        verify('sha256', Buffer.from(input), { key: verifier, dsaEncoding: 'ieee-p1363' }, signature),
    }
    // A pair that does not belong together would sign tokens that nobody can verify: found here, not by a customer.
    if (!loaded.verify(key.kid, loaded.sign(key.kid))) throw new Error(`signing key ${key.kid} fails its self-test`)
    return loaded
  },
}
