// GHSA-m358-g4rp-533r (Casdoor): what a caller wrote became part of the SQL.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('SQL in any place that a caller writes to is a text like any other', async () => {
  const person = await service.loggedIn()
  const count = async () => service.query('SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM sessions)')
  const before = await count()
  const quotes = ["'", '"', '\\', '$1', "';", '--', '::text', '?']
  const texts = [...quotes, "' OR '1'='1", "'; DROP TABLE sessions; --", "x' UNION SELECT password_hash FROM users --"]
  for (const text of texts) {
    const token = person.access
    const headers = { 'user-agent': text, 'x-forwarded-for': text, traceparent: text, 'if-none-match': text }
    const answers = [
      await service.call('POST', '/api/v1/auth/login', { json: { email: text, password: text }, headers }),
      await service.call('POST', '/api/v1/auth/login', { json: { email: person.email, password: text }, headers }),
      await service.call('POST', '/api/v1/auth/register', { json: { email: text, password: text }, headers }),
      await service.call('DELETE', `/api/v1/users/me/sessions/${encodeURIComponent(text)}`, { token, headers }),
      await service.call('GET', `/api/v1/users/me?sort=${encodeURIComponent(text)}`, { headers }),
      await service.call('GET', '/.well-known/jwks.json', { headers }),
    ]
    for (const { status, text: body } of answers) {
      assert.ok(status < 500, `${text} answered ${status}: ${body}`)
      assert.ok(!/syntax|SELECT|postgres/i.test(body))
    }
  }
  assert.deepEqual(await count(), before)

  // What is allowed in a name and a password is kept as it is.
  const json = { email: "o'brien--x@example.com", password: "'); DELETE FROM users; -- $1" }
  assert.equal((await service.call('POST', '/api/v1/auth/register', { json })).status, 200)
  const login = { json, headers: { 'user-agent': "Robert'); DROP TABLE sessions; --" } }
  const { body } = await service.call('POST', '/api/v1/auth/login', login)
  const list = await service.call('GET', '/api/v1/users/me/sessions', { token: body.access_token })
  assert.equal(list.body.sessions[0].user_agent, login.headers['user-agent'])
})
