// GHSA-qxqc-27pr-wgc8 (authentik): some addresses forgot to ask who calls, among them one that showed private keys.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import Fastify from 'fastify'
import { guardRoutes } from '../../src/platform/http/access-guard.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('what is open to everybody is a list of six calls, and every other one is refused without a token', async () => {
  const { paths } = (await service.call('GET', '/api/openapi.json')).body
  const open: string[] = []
  for (const [path, operations] of Object.entries<Record<string, { security?: unknown[] }>>(paths)) {
    for (const [method, { security }] of Object.entries(operations)) {
      if (!security?.length) open.push(`${method} ${path}`)
      const answer = await service.call(method.toUpperCase(), path.replace(/\{\w+\}/, 'x'))
      if (security?.length) assertRefused(answer, 401, 'invalid_token')
    }
  }
  assert.deepEqual(open.toSorted(), [
    'get /.well-known/jwks.json',
    'get /.well-known/oauth-authorization-server',
    'get /health/live',
    'get /health/ready',
    'post /api/v1/auth/login',
    'post /api/v1/auth/register',
  ])
})

test('a route that does not say who may call it stops the start', async () => {
  const app = Fastify()
  guardRoutes(app)
  app.get('/forgotten', async () => 'a private key')
  await assert.rejects(async () => app.ready(), /GET \/forgotten/)
})

test('a route that says it when nobody guards it any more stops the start', async () => {
  const app = Fastify()
  guardRoutes(app)
  const guard = { schemes: [], check: async () => undefined, of: () => undefined }
  await app.register(async (child) => {
    child.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: guard }
    })
    child.get('/late', async () => 'a private key')
  })
  await assert.rejects(async () => app.ready(), /GET \/late/)
})

test('no address shows a private part of a key', async () => {
  const { body } = await service.call('GET', '/.well-known/jwks.json')
  for (const key of body.keys)
    assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
})
