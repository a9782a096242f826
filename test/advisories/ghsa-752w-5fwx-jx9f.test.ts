// GHSA-752w-5fwx-jx9f (PyJWT): extensions that a token names as critical and nobody understood were passed over.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact } from '../support/forge.ts'
import { createSigner, createStand } from '../verify/issuer.ts'
import { assertInvalid, claims, header, sign } from './token-bench.ts'

const critical = [
  { crit: ['x'], x: true },
  { crit: ['b64'], b64: false },
  { crit: ['exp'], exp: 1 },
  { crit: [] },
  { crit: 'x' },
  { crit: null },
]

test('a genuine token that names anything as critical is refused', async () => {
  for (const one of critical) await assertInvalid([compact({ ...header, ...one }, claims, sign)])
})

test('the verifier for other services refuses a genuine token that names anything as critical', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  assert.equal((await verify(await signer.token({}, { x: true }))).sub, '7')
  for (const one of critical) await assert.rejects(verify(await signer.token({}, one)), { code: 'malformed' })
})
