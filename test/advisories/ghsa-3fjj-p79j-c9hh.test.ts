// GHSA-3fjj-p79j-c9hh (Fastify): a media type that a browser sends without asking first was taken for JSON.
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

test('no media type that a page may send without a preflight is taken, whatever JSON it names as well', async () => {
  const { email, password } = await service.person()
  const body = JSON.stringify({ email, password })
  for (const simple of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    for (const more of [
      '',
      ';application/json',
      '; application/json',
      '; charset=application/json',
      ',application/json',
    ]) {
      for (const path of ['/api/v1/auth/login', '/api/v1/auth/register']) {
        const headers = { 'content-type': simple + more, origin: 'https://evil.example' }
        assertRefused(await service.call('POST', path, { body, headers }), 415, 'unsupported_media_type')
      }
    }
  }
})
