// GHSA-7h8m-vrxx-vr4m (ZITADEL): tries at the same moment all found the counter below its bound, and each was let through.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'on' } })
after(() => service.close())

test('of 60 tries at one password at the same moment no more are made than of tries one after the other', async () => {
  const [one, other] = [await service.person(), await service.person()]
  const guess = (email: string, n: number) =>
    service.call('POST', '/api/v1/auth/login', { json: { email, password: `wrong password ${n}` } })
  let inTurn = 0
  while (inTurn < 60 && (await guess(one.email, inTurn)).status === 401) inTurn++
  assert.ok(inTurn > 0 && inTurn < 60, `${inTurn} tries`)

  const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => guess(other.email, n)))
  const tried = answers.filter(({ status }) => status === 401)
  assert.ok(tried.length > 0 && tried.length <= inTurn, `${tried.length} at once, ${inTurn} in turn`)
  for (const answer of answers.filter(({ status }) => status !== 401)) assertRefused(answer, 429, 'too_many_requests')
})
