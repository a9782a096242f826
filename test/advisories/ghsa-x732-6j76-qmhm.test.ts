// GHSA-x732-6j76-qmhm (Better Auth): the router took `//path` for `/path`, and the rate limit, which did not, counted nothing.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'on' } })
after(() => service.close())

test('who has used up the tries at a password has none left at any other spelling of the address', async () => {
  const json = await service.person()
  const body = JSON.stringify(json)
  const post = async (target: string) => {
    const headers = ['Host: localhost', 'Connection: close', 'Content-Type: application/json']
    const request = rawRequest(`POST ${target}`, [...headers, `Content-Length: ${body.length}`], body)
    return (await sendRaw(service.url, request)).answers[0]
  }
  let tries = 0
  for (; tries < 100; tries++) {
    const wrong = { ...json, password: `wrong password ${tries}` }
    const { status } = await service.call('POST', '/api/v1/auth/login', { json: wrong })
    if (status === 429) break
  }
  assert.ok(tries > 0 && tries < 100, `${tries} tries`)
  // Even the right password is not tried any more.
  assertRefused(await post('/api/v1/auth/login'), 429, 'too_many_requests')
  const spellings = [
    ...[
      '//api/v1/auth/login',
      '/api//v1/auth/login',
      '/api/v1/auth//login',
      '///api/v1/auth/login',
      '/api/v1/auth/login/',
    ],
    ...['/api/v1/auth/login//', '/./api/v1/auth/login', '/api/v1/auth/x/../login', '/api/v1/auth/./login'],
    ...[
      '/api/v1/auth/LOGIN',
      '/API/V1/AUTH/LOGIN',
      '/api/v1/auth/%6cogin',
      '/api/v1/auth%2flogin',
      '/api/v1/auth/login%20',
    ],
    ...[
      '/api/v1/auth/login?',
      '/api/v1/auth/login?x=1',
      '/api/v1/auth/login;x',
      '/api/v1/auth/login%00',
      '\\api\\v1\\auth\\login',
    ],
    ...['http://localhost/api/v1/auth/login', 'http://other.example//api/v1/auth/login'],
  ]
  for (const spelling of spellings) {
    const status = (await post(spelling))?.status ?? 0
    assert.ok([400, 404, 429].includes(status), `${spelling} answered ${status}`)
  }
})
