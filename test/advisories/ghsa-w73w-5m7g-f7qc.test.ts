// GHSA-w73w-5m7g-f7qc (jwt-go): an audience that was a list was read as an empty text, and an empty audience passed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSigner, createStand, issuerUrl } from '../verify/issuer.ts'
import { genuine, issuer, readAccess, readRefresh } from './token-bench.ts'

const others = (own: string) => [
  [],
  [''],
  '',
  null,
  undefined,
  {},
  { [own]: true },
  ['https://b.example'],
  [[own]],
  [own, 1],
  0,
]

test('a genuine token whose audience is empty, of another type or a list without this service is refused', async () => {
  for (const aud of others(issuer)) {
    const { access, refresh } = genuine({ aud })
    assert.deepEqual([await readAccess(access), readRefresh(refresh)], ['invalid', 'invalid'], JSON.stringify(aud))
  }
  assert.equal(await readAccess(genuine({ aud: [issuer] }).access), 'live')
})

test('the verifier for other services refuses such an audience too', async () => {
  const signer = await createSigner()
  const { verify } = createStand([signer])
  for (const aud of others(issuerUrl)) {
    await assert.rejects(verify(await signer.token({ aud })), { name: 'TokenRefused' }, JSON.stringify(aud))
  }
  assert.equal((await verify(await signer.token({ aud: [issuerUrl] }))).sub, '7')
})
