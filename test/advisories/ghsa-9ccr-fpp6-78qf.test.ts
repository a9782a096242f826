// GHSA-9ccr-fpp6-78qf (parse-server): a copy of a body followed its `__proto__`, and got past the list of what is not allowed.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parseObject } from '../../src/verify/json.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('a body that names the prototype of an object is refused, in every place, and changes no object', async () => {
  const { email, password } = await service.person()
  const fields = `"email":"${email}","password":"${password}"`
  const bodies = [
    `{${fields},"__proto__":{"role":"admin"}}`,
    `{"__proto__":{${fields}}}`,
    `{${fields},"constructor":{"prototype":{"role":"admin"}}}`,
    `{${fields},"x":{"__proto__":{"role":"admin"}}}`,
    `{${fields},"x":[{"constructor":{"prototype":{}}}]}`,
    `{${fields},"\\u005f_proto__":{"role":"admin"}}`,
    `{${fields},"prototype":{"role":"admin"}}`,
  ]
  for (const body of bodies) {
    const headers = { 'content-type': 'application/json' }
    const { status } = await service.call('POST', '/api/v1/auth/login', { body, headers })
    assert.ok(status === 400 || status === 422, `${body} answered ${status}`)
  }
  assert.equal(({} as Record<string, unknown>).role, undefined)
  assert.equal((await service.call('POST', '/api/v1/auth/login', { json: { email, password } })).status, 200)
})

test('claims that name the prototype of an object give the reader none of it', () => {
  const bytes = new TextEncoder().encode('{"__proto__":{"role":"admin"},"a":{"__proto__":{"role":"admin"}}}')
  const claims = parseObject(bytes) as { role?: unknown; a: { role?: unknown } }
  assert.deepEqual([claims.role, claims.a.role, Object.assign({}, claims).role], [undefined, undefined, undefined])
})
