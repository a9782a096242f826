// GHSA-rwcp-qrwg-56cg (Casdoor): a link on another page, followed by a browser that is logged in, set a new password.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('what a browser sends along by itself changes no password and ends no session', async () => {
  const { access, refresh, ...json } = await service.loggedIn()
  const fields = { current_password: json.password, new_password: 'the password of a thief' }
  const forms = [
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/json' },
  ]
  const cookie = `access_token=${access}; refresh_token=${refresh}; token=${access}; session=${access}`
  for (const path of ['/api/v1/users/me/password', '/api/v1/users/me/sessions', '/api/v1/auth/logout']) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      for (const form of forms) {
        const body = form['content-type'] === 'application/json' ? JSON.stringify(fields) : new URLSearchParams(fields)
        const { status } = await service.call(method, `${path}?${new URLSearchParams({ ...fields, token: access })}`, {
          headers: { ...form, cookie, origin: 'https://evil.example' },
          ...(method !== 'GET' && { body: String(body) }),
        })
        assert.ok([401, 405, 415].includes(status), `${method} ${path} answered ${status}`)
      }
    }
  }
  assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: refresh })).status, 200)
  assert.equal((await service.call('POST', '/api/v1/auth/login', { json })).status, 200)
})
