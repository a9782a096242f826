// GHSA-cff8-x7jv-4fm8 (Directus): an answer with somebody's session lay in a cache, and the next caller got it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('every answer may be kept by nobody, but for what is the same for all: keys, metadata, documentation', async () => {
  const { access, refresh, ...json } = await service.loggedIn()
  const answers = [
    ['login', await service.call('POST', '/api/v1/auth/login', { json })],
    ['a failed login', await service.call('POST', '/api/v1/auth/login', { json: { ...json, password: 'x' } })],
    ['refresh', await service.call('POST', '/api/v1/auth/refresh', { token: refresh })],
    ['a failed refresh', await service.call('POST', '/api/v1/auth/refresh', { token: 'x' })],
    ['me', await service.call('GET', '/api/v1/users/me', { token: access })],
    ['me by HEAD', await service.call('HEAD', '/api/v1/users/me', { token: access })],
    ['me of nobody', await service.call('GET', '/api/v1/users/me')],
    ['sessions', await service.call('GET', '/api/v1/users/me/sessions', { token: access })],
    ['nothing', await service.call('GET', '/nowhere')],
    ['logout', await service.call('POST', '/api/v1/auth/logout', { token: access })],
  ] as const
  for (const [what, { headers }] of answers) {
    assert.equal(headers.get('cache-control'), 'no-store', what)
    assert.deepEqual([headers.get('etag'), headers.get('set-cookie')], [null, null], what)
  }
  for (const path of ['/.well-known/jwks.json', '/api/openapi.json']) {
    assert.match((await service.call('GET', path)).headers.get('cache-control') ?? '', /^public, max-age=\d+$/)
  }
})
