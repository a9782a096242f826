// GHSA-vgjh-hmwf-c588 (parse-server): where a text belonged an object was taken, and became a condition of the query.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('where a text belongs nothing else is taken, and nothing is turned into one', async () => {
  const person = await service.loggedIn()
  const notTexts: unknown[] = [
    { $ne: null },
    { $gt: '' },
    { $regex: '.*' },
    { toString: 'x' },
    {},
    [],
    null,
    true,
    0,
    1e9,
  ]
  const calls = [
    ['POST', '/api/v1/auth/login', { email: person.email, password: person.password }],
    ['POST', '/api/v1/auth/register', { email: 'new@example.com', password: person.password }],
    ['PUT', '/api/v1/users/me/password', { current_password: person.password, new_password: 'quite another one' }],
  ] as const
  for (const [method, path, fields] of calls) {
    for (const name of Object.keys(fields)) {
      const own = fields[name as keyof typeof fields]
      for (const value of [...notTexts, [own], { $eq: own }]) {
        const options = { token: person.access, json: { ...fields, [name]: value } }
        const answer = await service.call(method, path, options)
        assertRefused(answer, 422, 'validation_failed')
        assert.deepEqual(new Set(answer.body.errors.map(({ field }: { field: string }) => field)), new Set([name]))
      }
    }
    for (const json of ['x', 1, null, true, [], [fields]]) {
      assertRefused(await service.call(method, path, { token: person.access, json }), 422, 'validation_failed')
    }
  }
})
