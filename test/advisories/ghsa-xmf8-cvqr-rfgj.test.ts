// GHSA-xmf8-cvqr-rfgj (Auth.js): decoding a malformed Authorization header threw where nobody caught it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { bearerToken } from '../../src/verify/index.ts'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

const malformed = [
  '%E0%A4%A',
  '%',
  '%%',
  '%zz',
  'a%',
  '',
  ' ',
  '  ',
  '\t',
  '\xff\xfe',
  'a b',
  'a,b',
  '"a"',
  '{}',
  '=',
  '..',
]

test('a malformed Bearer header is refused with 401 by every call that wants a token', async () => {
  const { paths } = (await service.call('GET', '/api/openapi.json')).body
  for (const [path, operations] of Object.entries<Record<string, { security?: unknown }>>(paths)) {
    for (const method of Object.keys(operations).filter((name) => operations[name]?.security)) {
      const line = `${method.toUpperCase()} ${path.replace(/\{\w+\}/, 'x')}`
      for (const text of path.endsWith('/me') ? malformed : malformed.slice(0, 2)) {
        const request = rawRequest(line, ['Host: localhost', 'Connection: close', `Authorization: Bearer ${text}`])
        assertRefused((await sendRaw(service.url, request)).answers[0], 401, 'invalid_token')
      }
    }
  }
  assert.equal(service.logLines.filter((line) => JSON.parse(line).level === 'error').length, 0)
})

test('what other services read the header with throws at none of them', () => {
  for (const text of malformed) assert.doesNotThrow(() => bearerToken(`Bearer ${text}`))
  for (const header of ['Bearer', '', 'Bearer%20a', undefined, null]) assert.equal(bearerToken(header), null)
})
