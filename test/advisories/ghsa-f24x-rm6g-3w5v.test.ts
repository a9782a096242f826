// GHSA-f24x-rm6g-3w5v (Directus): a log kept whole requests, with the tokens in them.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off', LOG_LEVEL: 'trace' } })
after(() => service.close())

test('no token, password or hash is in the log at its most talkative, nor in the audit, wherever a caller put it', async () => {
  const canary = 'canary-7Hq2ZxT9'
  const { access, refresh, ...json } = await service.loggedIn()
  const secrets = [
    canary,
    json.password,
    access,
    refresh,
    ...[access, refresh].map((token) => token.split('.')[2] ?? ''),
  ]
  for (const secret of secrets) {
    const query = `?access_token=${encodeURIComponent(secret)}&password=${encodeURIComponent(secret)}`
    const headers = { cookie: `t=${secret}`, 'x-api-key': secret, 'x-auth-token': secret }
    for (const token of [secret, `${secret}x`]) {
      await service.call('GET', `/api/v1/users/me${query}`, { token, headers })
      await service.call('POST', `/api/v1/auth/logout${query}`, { token: `${token}x`, headers })
      await service.call('DELETE', `/api/v1/users/me/sessions/${token}${query}`, { token, headers })
    }
    await service.call('POST', `/nowhere/${secret}${query}`, { headers })
    await service.call('POST', '/api/v1/auth/login', {
      json: { email: 'x', password: secret, [secret]: secret },
      headers,
    })
    await service.call('POST', '/api/v1/auth/login', { json: { email: json.email, password: `${secret}x` }, headers })
    const body = `{"password":"${secret}"`
    await service.call('POST', '/api/v1/auth/login', { body, headers: { 'content-type': 'application/json' } })
  }
  await service.query('ALTER TABLE users RENAME TO away')
  assert.ok((await service.call('POST', '/api/v1/auth/login', { json: { ...json, password: canary } })).status >= 500)
  await service.query('ALTER TABLE away RENAME TO users')

  assert.ok(service.logLines.length > 20)
  const [{ hash } = {}] = await service.query<{ hash: string }>('SELECT password_hash AS hash FROM users')
  const tables = await service.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'audit%'",
  )
  const rows = await Promise.all(tables.map(({ name }) => service.query(`SELECT * FROM ${name}`)))
  const kept = service.logLines.join('') + JSON.stringify(rows)
  for (const secret of [...secrets, hash ?? '$2']) assert.ok(!kept.includes(secret), secret)
})
