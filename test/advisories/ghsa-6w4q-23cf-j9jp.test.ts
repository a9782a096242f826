// GHSA-6w4q-23cf-j9jp (parse-server): whoever knew the id of another's session could write to it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test("another's session, its id known, can be neither ended, changed, taken over nor told from one that is not there", async () => {
  const [victim, thief] = [await service.loggedIn(), await service.loggedIn()]
  const id = decode(victim.access).claims.sid
  const row = () => service.query(`SELECT * FROM sessions WHERE id = '${id}'`)
  const before = await row()
  const token = thief.access
  const path = `/api/v1/users/me/sessions/${id}`
  const json = { user_id: Number(decode(thief.access).claims.sub), expires_at: '2030-01-01T00:00:00.000Z' }

  const answer = await service.call('DELETE', path, { token })
  assertRefused(answer, 404, 'not_found')
  const nobodys = await service.call('DELETE', '/api/v1/users/me/sessions/0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10', {
    token,
  })
  assert.deepEqual({ ...answer.body, request_id: '' }, { ...nobodys.body, request_id: '' })
  for (const method of ['PUT', 'PATCH', 'POST']) {
    assertRefused(await service.call(method, path, { token, json }), 405, 'method_not_allowed')
  }
  assert.equal((await service.call('DELETE', '/api/v1/users/me/sessions', { token })).status, 204)

  assert.deepEqual(await row(), before)
  assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: victim.refresh })).status, 200)
})
