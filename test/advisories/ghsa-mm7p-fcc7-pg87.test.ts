// GHSA-mm7p-fcc7-pg87 (nodemailer): of a quoted local part with an @ in it, what stands in quotes was taken for the address.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('an address that two readers could read as two, with quotes, comments or a route, is not taken', async () => {
  const ambiguous = [
    ...['"thief@evil.example x"@example.com', '"thief@evil.example"@example.com', '"victim"@example.com'],
    ...['thief@evil.example@example.com', 'victim(thief@evil.example)@example.com', '@evil.example:victim@example.com'],
    ...[
      'victim\\@evil.example@example.com',
      'victim%evil.example@example.com@',
      'victim@[192.0.2.1]',
      '"\\"@"@example.com',
    ],
    ...['=?utf-8?q?thief=40evil.example=3e?=@example.com@', 'victim@example.com\u0000@evil.example'],
  ]
  for (const email of ambiguous) {
    const answer = await service.call('POST', '/api/v1/auth/register', {
      json: { email, password: 'your_password_123' },
    })
    // A NUL is no text at all here.
    if (email.includes('\0')) assertRefused(answer, 400, 'malformed_request')
    else assertRefused(answer, 422, 'validation_failed')
  }
  assert.deepEqual(await service.query('SELECT email FROM users'), [])
})
