// GHSA-w6p7-2fxx-4f44 (Pocket ID): a refresh asked whether the token is genuine, and not whether its account is still open.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { UserId } from '../../src/kernel/ids.ts'
import { decode } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('no token of a disabled account opens anything, neither at once nor after the account is enabled again', async () => {
  const { access, refresh, ...json } = await service.loggedIn()
  const bystander = await service.loggedIn()
  const id = Number(decode(access).claims.sub) as UserId
  const assertShut = async () => {
    assertRefused(await service.call('POST', '/api/v1/auth/refresh', { token: refresh }), 401, 'invalid_token')
    for (const path of ['/api/v1/users/me', '/api/v1/users/me/sessions']) {
      assertRefused(await service.call('GET', path, { token: access }), 401, 'invalid_token')
    }
  }
  const { accounts } = service.service
  assert.equal(await accounts.disable(id), true)
  await assertShut()
  assert.equal(await accounts.enable(id), true)
  await assertShut()
  assert.equal((await service.call('POST', '/api/v1/auth/login', { json })).status, 200)
  assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: bystander.refresh })).status, 200)
})
