// GHSA-7mqr-2v3q-v2wm (Ory fosite): the store failed, the revocation was answered with success, and the token lived on.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode } from '../support/forge.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('whoever is told that a session has ended, it has: when the store fails, the answer says so', async () => {
  const person = await service.loggedIn()
  await service.query(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '58030'; END $$`)
  await service.query('CREATE TRIGGER failing BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION fail()')
  const own = `/api/v1/users/me/sessions/${decode(person.access).claims.sid}`
  const endings = [
    ['POST', '/api/v1/auth/logout', person.refresh],
    ['POST', '/api/v1/auth/logout', person.access],
    ['DELETE', own, person.access],
  ] as const
  for (const [method, path, token] of endings) {
    const { status } = await service.call(method, path, { token })
    assert.ok(status === 500 || status === 503, `${method} ${path} answered ${status}`)
  }
  assert.equal((await service.call('GET', '/api/v1/users/me', { token: person.access })).status, 200)

  await service.query('DROP TRIGGER failing ON sessions')
  assert.equal((await service.call('POST', '/api/v1/auth/logout', { token: person.refresh })).status, 204)
  assert.equal((await service.call('GET', '/api/v1/users/me', { token: person.access })).status, 401)
})
