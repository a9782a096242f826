// GHSA-567v-6hmg-6qg7 (ZITADEL): asked to say nothing of unknown names, it still answered them otherwise than known ones.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { UserId } from '../../src/kernel/ids.ts'
import { type Answer, startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('a failed login answers the same bytes and headers, whether there is an account, and whatever its state', async () => {
  const [known, disabled, foreign] = [await service.person(), await service.person(), await service.person()]
  const id = async ({ email }: { email: string }) =>
    (await service.query<{ id: number }>(`SELECT id FROM users WHERE email = '${email}'`))[0]?.id as UserId
  await service.service.accounts.disable(await id(disabled))
  await service.query(`UPDATE users SET password_hash = '$argon2id$v=19$m=8$c2E$aGE' WHERE email = '${foreign.email}'`)
  const unknown = ['nobody@example.com', 'nobody@nowhere.example', known.email.replace('@', '+x@')]
  const face = ({ status, headers, body }: Answer) => {
    const own = ['date', 'x-request-id']
    const names = [...headers].map(([name, value]) => [name, own.includes(name) ? '' : value])
    return JSON.stringify([status, names, { ...body, request_id: '' }])
  }
  const faces = new Set<string>()
  for (const email of [known.email, disabled.email, foreign.email, ...unknown]) {
    for (const password of ['not the password', '', 'x'.repeat(300)]) {
      faces.add(face(await service.call('POST', '/api/v1/auth/login', { json: { email, password } })))
    }
  }
  assert.equal(faces.size, 1, [...faces].join('\n'))
})
