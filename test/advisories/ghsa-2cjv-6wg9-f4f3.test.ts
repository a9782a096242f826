// GHSA-2cjv-6wg9-f4f3 (Strapi): bcrypt cut a password after 72 bytes, and whatever followed them opened the account.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const call = (path: string, email: string, password: string) =>
  service.call('POST', `/api/v1/auth/${path}`, { json: { email, password } })

test('of a password longer than 72 bytes every byte counts', async () => {
  const same = 'Zq8-vk3 '.repeat(9)
  const passwords = [same, `${same}a`, `${same}b`, `${same}ab`, same.slice(0, -1), `${same.slice(0, -1)}é`]
  for (const [index, own] of passwords.entries()) {
    const email = `long-${index}@example.com`
    assert.equal((await call('register', email, own)).status, 200)
    for (const other of passwords) {
      const answer = await call('login', email, other)
      if (other === own) assert.equal(answer.status, 200)
      else assertRefused(answer, 401, 'invalid_credentials')
    }
  }
})
