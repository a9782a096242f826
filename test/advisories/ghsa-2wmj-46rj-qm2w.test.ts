// GHSA-2wmj-46rj-qm2w (ZITADEL): links were made of the host that a header named, and led to whoever had written it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode } from '../support/forge.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { password, startService } from '../support/service.ts'

// The harder case: the proxy in front is trusted.
const service = await startService({ env: { RATE_LIMIT: 'off', TRUSTED_PROXIES: '127.0.0.1' } })
after(() => service.close())

test('every name and address of itself that the service gives is PUBLIC_URL, whatever host a call names', async () => {
  const forged = [
    ...['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: https', 'X-Forwarded-Prefix: /evil.example'],
    ...['Forwarded: host=evil.example;proto=https', 'X-Original-Host: evil.example', 'X-Host: evil.example'],
  ]
  const { email } = await service.person()
  const json = JSON.stringify({ email, password })
  const calls = [
    ['GET /.well-known/oauth-authorization-server', ''],
    ['GET /api/openapi.json', ''],
    ['GET /api/docs', ''],
    ['GET /api/docs/', ''],
    ['GET /nowhere', ''],
    ['GET /api/v1/users/me', ''],
    ['POST /api/v1/auth/login', json],
  ] as const
  for (const [line, body] of calls) {
    const length = body ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []
    const request = rawRequest(line, ['Host: evil.example', 'Connection: close', ...forged, ...length], body)
    const [answer] = (await sendRaw(service.url, request)).answers
    const whole = JSON.stringify([answer?.text, ...(answer?.headers ?? [])])
    assert.ok(answer && !whole.includes('evil.example'), `${line}: ${whole}`)
    if (answer.body.issuer) assert.equal(answer.body.jwks_uri, `${service.issuer}/.well-known/jwks.json`)
    if (answer.body.type) assert.ok(answer.body.type.startsWith(`${service.issuer}/api/problems#`))
    if (answer.body.access_token) {
      const { iss, aud } = decode(answer.body.access_token).claims
      assert.deepEqual([iss, aud], [service.issuer, service.issuer])
    }
  }
})
