// GHSA-29wx-vh33-7x7r (golang-jwt): a token both forged and expired was reported as expired, which callers forgive.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compact, decode, es256, hs256, strangersKey } from '../support/forge.ts'
import { createSigner, createStand, noon } from '../verify/issuer.ts'
import { assertInvalid, claims, genuine, header, now, readAccess, readRefresh, refresh } from './token-bench.ts'

test('a forged token that is expired as well is called invalid, and never expired', async () => {
  const past = { iat: now - 30, exp: now - 10 }
  const expired = genuine(past)
  assert.deepEqual([await readAccess(expired.access), readRefresh(expired.refresh)], ['expired', 'expired'])

  const own = decode(refresh)
  await assertInvalid([
    compact(header, { ...claims, ...past }, es256((await strangersKey()).privateKey)),
    compact(own.header, { ...own.claims, ...past }, hs256('another key')),
  ])
})

test('the verifier for other services says of such a token that its signature is bad', async () => {
  const [signer, stranger] = [await createSigner(), await createSigner()]
  const { verify } = createStand([signer])
  const past = { iat: noon - 60, exp: noon - 30 }
  await assert.rejects(verify(await signer.token(past)), { code: 'expired' })
  await assert.rejects(verify(await stranger.token(past, { kid: signer.kid })), { code: 'bad_signature' })
})
