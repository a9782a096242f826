// GHSA-9wx7-jrvc-28mm (Stark Bank ecdsa): nobody asked whether r and s are zero, and so zeros were a signature of anything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact } from '../support/forge.ts'
import { createSigner, createStand, goodClaims } from '../verify/issuer.ts'
import { assertInvalid, claims, header } from './token-bench.ts'

const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const [zero, one, most] = [Buffer.alloc(32), Buffer.concat([Buffer.alloc(31), Buffer.of(1)]), Buffer.alloc(32, 255)]
const numbers = [zero, one, order, most]
const signatures = numbers.flatMap((r) => numbers.map((s) => Buffer.concat([r, s])))

test('a signature of zeros, or of what is zero by the order of the curve, is refused', async () => {
  await assertInvalid(signatures.map((signature) => compact(header, claims, () => signature)))
})

test('the verifier for other services refuses such signatures too', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  for (const signature of signatures) {
    const token = compact({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid }, goodClaims(), () => signature)
    await assert.rejects(verify(token), { code: 'bad_signature' })
  }
})
