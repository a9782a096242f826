// GHSA-qw9g-7549-7wg5 (Directus): the database took letters with an accent for those without, and so another for the owner.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const call = (path: string, email: string, password: string) =>
  service.call('POST', `/api/v1/auth/${path}`, { json: { email, password } })

test('no address that looks like one of an account registers, opens or is told from one that is not there', async () => {
  const own = 'victim@kiss.example'
  assert.equal((await call('register', own, 'the one and only')).status, 200)
  const alike = [
    ...['víctim@kiss.example', 'vi\u0301ctim@kiss.example', 'v\u0131ctim@kiss.example', 'v\u0130ctim@kiss.example'],
    ...['victim@\u212aiss.example', 'victim@ki\u017f\u017f.example', 'victim@ki\u00df.example', 'victim@kíss.example'],
    ...[
      'victim\uff20kiss.example',
      '\uff56ictim@kiss.example',
      'vict\u00adim@kiss.example',
      'victim\u200b@kiss.example',
    ],
  ]
  for (const email of alike) {
    assertRefused(await call('register', email, 'a thief was here'), 422, 'validation_failed')
    assert.ok([401, 422].includes((await call('login', email, 'the one and only')).status), email)
  }
  const rows = await service.query('SELECT email FROM users')
  assert.deepEqual(rows, [{ email: own }])
  // The same letters in another case are the same address, and the only others that are.
  assert.equal((await call('login', 'VICTIM@Kiss.Example', 'the one and only')).status, 200)
})
