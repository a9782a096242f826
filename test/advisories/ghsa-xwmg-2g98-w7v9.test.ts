// GHSA-xwmg-2g98-w7v9 (Nimbus JOSE + JWT): claims nested thousands of levels deep exhausted the stack of their reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Fastify from 'fastify'
import { acceptJsonBodies } from '../../src/platform/http/json-body.ts'
import { compact } from '../support/forge.ts'
import { createSigner, createStand, goodClaims } from '../verify/issuer.ts'
import { assertInvalid, claims, header, readAccess, sign } from './token-bench.ts'

const nested = (own: object, depth: number) =>
  JSON.stringify({ ...own, x: '@' }).replace('"@"', '['.repeat(depth) + ']'.repeat(depth))

test('a genuine token is read, or refused for its length, however deep its claims are nested', async () => {
  for (const depth of [1, 100, 1_000])
    assert.equal(await readAccess(compact(header, nested(claims, depth), sign)), 'live')
  for (const depth of [2_000, 100_000]) await assertInvalid([compact(header, nested(claims, depth), sign)])

  const signer = await createSigner()
  const { verify } = createStand([signer])
  const token = async (depth: number) => {
    const input = `${compact({ alg: 'ES256', typ: 'at+jwt', kid: signer.kid }, nested(goodClaims(), depth), () => Buffer.of(0))}`
    const signed = input.slice(0, input.lastIndexOf('.'))
    return `${signed}.${(await signer.sign(signed)).toString('base64url')}`
  }
  for (const depth of [1, 100, 1_000]) assert.equal((await verify(await token(depth))).sub, '7')
  for (const depth of [2_000, 100_000]) await assert.rejects(token(depth).then(verify), { code: 'malformed' })
})

test('a body is parsed, however deep it is nested', async () => {
  const app = Fastify({ bodyLimit: 1 << 20 })
  acceptJsonBodies(app)
  app.post('/', async () => 'parsed')
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  for (const body of ['['.repeat(100_000) + ']'.repeat(100_000), `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`]) {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    assert.equal(await answer.text(), 'parsed')
  }
  await app.close()
})
