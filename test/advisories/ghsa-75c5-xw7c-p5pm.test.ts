// GHSA-75c5-xw7c-p5pm (PyJWT): the issuer was looked for inside the expected text, so a part of its name was enough.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, createStand, issuerUrl } from '../verify/issuer.ts'
import { assertInvalid, genuine, issuer } from './token-bench.ts'

const alike = (own: string) => [
  own.slice(0, -1),
  own.slice(1),
  'http',
  '/',
  '',
  `${own}/`,
  `${own}.evil.example`,
  [own],
]

test('a genuine token whose issuer is a part of the name, or has it as a part, is refused', async () => {
  for (const iss of alike(issuer)) await assertInvalid(Object.values(genuine({ iss })))
})

test('the verifier for other services compares the issuer as a whole', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  for (const iss of alike(issuerUrl)) {
    await assert.rejects(verify(await signer.token({ iss })), { code: 'wrong_issuer' })
  }
})
