// GHSA-2cjm-2gwv-m892 (parse-server): one object served all calls, and a call found in it what another had just put there.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('of many calls at once each is answered for itself: its own person, its own fault, its own request', async () => {
  const people = await Promise.all(Array.from({ length: 4 }, () => service.loggedIn()))
  const register = (json: object) => service.call('POST', '/api/v1/auth/register', { json })
  const calls = Array.from({ length: 12 }, (_, round) => [
    ...people.map(async ({ access, email }) => {
      assert.equal((await service.call('GET', '/api/v1/users/me', { token: access })).body.email, email)
      return null
    }),
    register({ email: 'x@example.com', [`field_${round}`]: 1, password: 'your_password_123' }).then(({ body }) => {
      assert.deepEqual(
        body.errors.map(({ field }: { field: string }) => field),
        [`field_${round}`],
      )
      return body.request_id
    }),
    service.call('GET', '/api/v1/users/me', { token: 'x' }).then(({ headers, body }) => {
      assert.equal(headers.get('x-request-id'), body.request_id)
      assert.equal(body.errors, undefined)
      return body.request_id
    }),
    service.call('GET', '/nowhere').then(({ body, headers }) => {
      assert.equal(headers.get('www-authenticate'), null)
      return body.request_id
    }),
  ])
  const ids = (await Promise.all(calls.flat())).filter((id) => id !== null)
  assert.equal(new Set(ids).size, 36)
})
