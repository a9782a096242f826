// GHSA-392p-2q2v-4372 (Better Auth): two redemptions at once forked a token family, and the replay of its root found nothing amiss.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const refresh = (token: string) => service.call('POST', '/api/v1/auth/refresh', { token })

test('a token that was redeemed twice at once has one line of successors, and its replay ends that line', async () => {
  const person = await service.loggedIn()
  const other = await service.call('POST', '/api/v1/auth/login', {
    json: { email: person.email, password: person.password },
  })
  const answers = await Promise.all([refresh(person.refresh), refresh(person.refresh)])
  const won = answers.filter(({ status }) => status === 200)
  assert.equal(won.length, 1)

  // The winner goes on, so that the line is longer than what the race was about.
  const next = await refresh(won[0]?.body.refresh_token)
  assert.equal(next.status, 200)
  service.clock.advance(11)
  assertRefused(await refresh(person.refresh), 401, 'refresh_token_reused')

  assertRefused(await refresh(next.body.refresh_token), 401, 'invalid_token')
  assertRefused(await service.call('GET', '/api/v1/users/me', { token: next.body.access_token }), 401, 'invalid_token')
  assert.equal((await refresh(other.body.refresh_token)).status, 200)
})
