// GHSA-jx2c-rxcm-jvmq (Fastify): a tab and anything behind it in Content-Type had the body parsed and its schema forgotten.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

const register = async (type: string, fields: object) => {
  const body = JSON.stringify(fields)
  const headers = ['Host: localhost', `Content-Type: ${type}`, `Content-Length: ${body.length}`]
  return (await sendRaw(service.url, rawRequest('POST /api/v1/auth/register', headers, body))).answers[0]
}
const odd = ['application/json\ta', 'application/json\t', 'application/json\t;charset=utf-8', 'application/json a']
const spelled = ['application/json', 'APPLICATION/JSON', ' application/json', 'application/json ;charset=utf-8']

test('a body is checked by its schema, however the media type is spelled, or not taken at all', async () => {
  const wrong = { email: 'a@example.com', password: ['x'], role: 'admin' }
  for (const [index, type] of [...odd, ...spelled].entries()) {
    const answer = await register(type, wrong)
    assert.ok(answer?.status === 415 || answer?.status === 422, `${JSON.stringify(type)} answered ${answer?.status}`)
    const right = await register(type, { email: `a${index}@example.com`, password: 'your_password_123' })
    if (answer?.status === 415) assertRefused(right, 415, 'unsupported_media_type')
    else assert.equal(right?.status, 200)
  }
  assertRefused(await register('application/json', wrong), 422, 'validation_failed')
  const emails = await service.query<{ email: string }>('SELECT email FROM users')
  assert.ok(!emails.some(({ email }) => email === 'a@example.com'))
})

test('anything behind a tab or a space makes the media type another, which is refused with 415', async () => {
  for (const type of ['application/json\ta', 'application/json a', 'application/json;a', 'application/jsona']) {
    const fields = { email: 'b@example.com', password: 'your_password_123' }
    assertRefused(await register(type, fields), 415, 'unsupported_media_type')
  }
})
