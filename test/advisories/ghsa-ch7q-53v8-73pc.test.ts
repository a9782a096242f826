// GHSA-ch7q-53v8-73pc (authentik): what had expired stayed valid until a task in the background cleared it away.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('what has expired is refused in that second, though nobody has cleared it away', async () => {
  const { access, refresh, ...json } = await service.loggedIn()
  const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })
  service.clock.advance(59)
  assert.equal((await me(access)).status, 200)
  service.clock.advance(1)
  assertRefused(await me(access), 401, 'token_expired')

  service.clock.advance(240)
  assertRefused(await service.call('POST', '/api/v1/auth/refresh', { token: refresh }), 401, 'token_expired')
  const { body } = await service.call('POST', '/api/v1/auth/login', { json })
  const list = await service.call('GET', '/api/v1/users/me/sessions', { token: body.access_token })
  assert.equal(list.body.sessions.length, 1)
  const [{ count } = {}] = await service.query<{ count: number }>('SELECT count(*)::int FROM sessions')
  assert.equal(count, 2)
})
