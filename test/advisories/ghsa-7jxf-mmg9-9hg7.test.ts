// GHSA-7jxf-mmg9-9hg7 (authentik): with an X-Forwarded-For that is no address, the step that asks for the password was skipped.
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off', TRUSTED_PROXIES: '127.0.0.1' } })
after(() => service.close())

test('an address that is none changes nothing: the right password logs in, and no other does', async () => {
  const json = await service.person()
  const addresses = [
    'a',
    '',
    ' ',
    '1.2.3',
    '256.1.1.1',
    '::ffff:',
    ',',
    ',,',
    '127.0.0.1',
    '[::1]:80',
    '1.2.3.4:80',
    'unknown',
  ]
  for (const address of [...addresses, 'x'.repeat(2_000), "'; DROP TABLE sessions; --"]) {
    const headers = { 'x-forwarded-for': address }
    const wrong = { ...json, password: 'not the password' }
    const refused = await service.call('POST', '/api/v1/auth/login', { json: wrong, headers })
    assertRefused(refused, 401, 'invalid_credentials')
    const { status, body } = await service.call('POST', '/api/v1/auth/login', { json, headers })
    assert.equal(status, 200, address)
    assertRefused(await service.call('GET', '/api/v1/users/me', { headers }), 401, 'invalid_token')
    const list = await service.call('GET', '/api/v1/users/me/sessions', { token: body.access_token, headers })
    for (const { ip } of list.body.sessions) assert.ok(ip === null || isIP(ip) > 0, ip)
  }
})
