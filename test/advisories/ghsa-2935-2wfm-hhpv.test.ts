// GHSA-2935-2wfm-hhpv (Keycloak): tokens were remembered until an `exp` of their author's choosing, and memory ran out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, createStand, noon } from '../verify/issuer.ts'
import { assertInvalid, genuine, now } from './token-bench.ts'

const farAhead = [3_601, 86_401, 2 * 86_400, 1e9, 1e15, 1e308]

test('a genuine token that would live longer than any that is issued is refused', async () => {
  for (const life of farAhead) await assertInvalid(Object.values(genuine({ exp: now + life })))
})

test('the verifier for other services takes no token that lives longer than a day', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  assert.equal((await verify(await signer.token({ exp: noon + 86_400 }))).sub, '7')
  for (const life of farAhead.slice(1)) {
    await assert.rejects(verify(await signer.token({ exp: noon + life })), { code: 'invalid_claims' })
  }
})
