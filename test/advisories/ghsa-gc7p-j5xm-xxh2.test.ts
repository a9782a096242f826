// GHSA-gc7p-j5xm-xxh2 (Strapi): a registration set whatever fields its body named, also those that are nobody's to set.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('a registration that names any field of an account but its two is refused, and makes none', async () => {
  const columns = await service.query<{ column_name: string }>(
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'",
  )
  const names = columns.map(({ column_name }) => column_name).filter((name) => name !== 'email')
  assert.ok(names.includes('id') && names.includes('password_hash'))
  const others = [
    'role',
    'roles',
    'is_admin',
    'admin',
    'confirmed',
    'email_verified',
    'blocked',
    'provider',
    'sub',
    'user',
  ]
  for (const name of [...names, ...others]) {
    for (const value of [1, true, 'admin', null]) {
      const json = { email: `${name.replaceAll('_', '-')}@example.com`, password: 'your_password_123', [name]: value }
      const answer = await service.call('POST', '/api/v1/auth/register', { json })
      assertRefused(answer, 422, 'validation_failed')
      assert.deepEqual(answer.body.errors, [
        { field: name, code: 'unknown_field', message: 'This field is not known here.' },
      ])
    }
  }
  assert.deepEqual(await service.query('SELECT id FROM users'), [])
})

test('an answer names no field of an account but its two', async () => {
  const { access, password } = await service.loggedIn()
  const registered = await service.call('POST', '/api/v1/auth/register', { json: { email: 'x@example.com', password } })
  const me = await service.call('GET', '/api/v1/users/me', { token: access })
  for (const { body } of [registered, me]) assert.deepEqual(Object.keys(body), ['id', 'email'])
})
