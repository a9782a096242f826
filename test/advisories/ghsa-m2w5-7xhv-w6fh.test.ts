// GHSA-m2w5-7xhv-w6fh (Keycloak): whether a refresh token is used, and that it now is, were two steps that others came between.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('of 20 refreshes with one token at once one is answered with tokens, and the session advances by one', async () => {
  for (let round = 0; round < 2; round++) {
    const { refresh: token, email } = await service.loggedIn()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => service.call('POST', '/api/v1/auth/refresh', { token })),
    )
    const [winner, ...others] = answers.toSorted((a, b) => a.status - b.status)
    assert.equal(winner?.status, 200)
    for (const answer of others) assertRefused(answer, 401, 'refresh_token_reused')
    const rows = await service.query(
      `SELECT generation, revoked_at FROM sessions WHERE user_id = (SELECT id FROM users WHERE email = '${email}')`,
    )
    assert.deepEqual(rows, [{ generation: 1, revoked_at: null }])
  }
})
