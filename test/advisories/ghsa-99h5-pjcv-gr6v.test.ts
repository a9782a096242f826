// GHSA-99h5-pjcv-gr6v (Better Auth): whom a call was about was read from its body, where a stranger writes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('whom a call is about is the person of its token, whatever its body, query, headers and cookies say', async () => {
  const [victim, thief] = [await service.loggedIn(), await service.loggedIn()]
  const { sub, sid } = decode(victim.access).claims
  const named = { user_id: sub, userId: sub, sub, sid, session_id: sid, email: victim.email, user: { id: sub } }
  const query = new URLSearchParams({ user_id: String(sub), sub: String(sub), access_token: victim.access })
  const headers = {
    'x-user-id': String(sub),
    'x-forwarded-user': victim.email,
    cookie: `access_token=${victim.access}`,
  }
  const token = thief.access

  const me = `/api/v1/users/me?${query}`
  assert.equal((await service.call('GET', me, { token, headers })).body.email, thief.email)
  assertRefused(await service.call('GET', me, { headers }), 401, 'invalid_token')

  const passwords = { current_password: victim.password, new_password: 'the password of a thief' }
  const change = { token, headers, json: { ...passwords, ...named } }
  assertRefused(await service.call('PUT', '/api/v1/users/me/password', change), 422, 'validation_failed')

  for (const [method, path] of [
    ['DELETE', '/api/v1/users/me/sessions'],
    ['POST', '/api/v1/auth/logout'],
  ] as const) {
    assert.equal((await service.call(method, `${path}?${query}`, { token, headers, json: named })).status, 204)
  }
  assert.equal((await service.call('GET', '/api/v1/users/me', { token: victim.access })).status, 200)
  const json = { email: victim.email, password: victim.password }
  assert.equal((await service.call('POST', '/api/v1/auth/login', { json })).status, 200)
})
