// GHSA-v64w-49xw-qq89 (NextAuth.js): a token that was issued for one step of a sign-in passed for a session.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact, decode } from '../support/forge.ts'
import { createSigner, createStand } from '../verify/issuer.ts'
import { access, assertInvalid, claims, header, mac, readAccess, readRefresh, refresh, sign } from './token-bench.ts'

const otherTypes = ['JWT', 'jwt', 'rt+jwt', 'id+jwt', 'reset+jwt', 'logout+jwt', '', null, undefined, ['at+jwt']]

test("a token under the service's own keys that was made for another purpose opens nothing", async () => {
  for (const typ of otherTypes) await assertInvalid([compact({ ...header, typ }, claims, sign)])
  const own = decode(refresh)
  for (const typ of ['at+jwt', 'JWT', 'reset+jwt', '', null, undefined]) {
    await assertInvalid([compact({ ...own.header, typ }, own.claims, mac)])
  }
  assert.deepEqual([await readAccess(refresh), readRefresh(access)], ['invalid', 'invalid'])
})

test('the verifier for other services takes tokens of the one wanted type', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  for (const typ of otherTypes) await assert.rejects(verify(await signer.token({}, { typ })), { code: 'wrong_type' })
  assert.equal((await verify(await signer.token())).sub, '7')
})
