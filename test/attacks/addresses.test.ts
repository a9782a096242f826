import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())

const base = ['Host: localhost', 'Connection: close']
const send = async (line: string, headers: string[] = [], body = '') =>
  (await sendRaw(service.url, rawRequest(line, [...base, ...headers], body))).answers[0]

const document = (await service.call('GET', '/api/openapi.json')).body
const routes = Object.entries<Record<string, unknown>>(document.paths).map(([path, operations]) => ({
  path: path.replace(/\{[^}]*}/g, '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10'),
  methods: Object.keys(operations).map((method) => method.toUpperCase()),
}))

test('every address answers the methods that it has not with 405, and names those that it has', async () => {
  assert.ok(routes.length >= 10)
  for (const { path, methods } of routes) {
    const allowed = methods.includes('GET') ? ['HEAD', ...methods] : methods
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']) {
      if (allowed.includes(method)) continue
      const answer = await send(`${method} ${path}`, [`X-Canary: ${method}`])
      assert.equal(answer?.status, 405, `${method} ${path}`)
      if (method === 'HEAD') assert.equal(answer?.text, '')
      else assertRefused(answer, 405, 'method_not_allowed')
      assert.deepEqual(answer?.headers.get('allow')?.split(', ').toSorted(), allowed.toSorted())
      assert.ok(!answer?.text.includes('Canary'))
    }
  }
})

test('a method that HTTP knows and no address here has is refused with 404', async () => {
  for (const method of ['PROPFIND', 'MKCOL', 'PURGE', 'SEARCH', 'M-SEARCH', 'LINK']) {
    assertRefused(await send(`${method} /health/live`), 404, 'not_found')
  }
})

test('HEAD is answered like GET, without the body', async () => {
  for (const { path } of routes.filter(({ methods }) => methods.includes('GET'))) {
    const [get, head] = [await send(`GET ${path}`), await send(`HEAD ${path}`)]
    assert.equal(head?.status, get?.status, path)
    assert.equal(head?.text, '')
    assert.equal(head?.headers.get('content-type'), get?.headers.get('content-type'))
  }
})

test('a method in a header or in the query is not looked at', async () => {
  const { access: token } = await service.loggedIn()
  for (const headers of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'].map((name) => ({
    [name]: 'DELETE',
  }))) {
    const path = '/api/v1/users/me/sessions?_method=DELETE'
    assertRefused(await service.call('POST', path, { token, headers }), 405, 'method_not_allowed')
    assert.equal((await service.call('GET', path, { token, headers })).body.sessions.length, 1)
  }
})

const nowhere = [
  ...['//api/v1/auth/login', '/api/v1//auth/login', '/api/v1/auth/login/', '/api/v1/auth/LOGIN', '/API/v1/auth/login'],
  ...['/api/v1/auth/login;x', '/api/v1/auth/login%2f', '/api/v1/auth/login%00', '/api/v1/./auth/login', '/auth/login'],
  ...['/api/v1/x/../auth/login', '/api/v1/auth/%2e/login', '/api/v1/auth%2flogin', '/api/v1/auth\\login', '*', '/'],
  ...['/metrics', '/docs', '/debug/pprof', '/.env', '/.git/config', '/server-status', '/api', '/api/v2/auth/login'],
]

for (const path of nowhere) {
  test(`the address ${path} is refused with 404 by every method`, async () => {
    const json = JSON.stringify({ email: 'a@example.com', password: 'x' })
    const headers = ['Content-Type: application/json', `Content-Length: ${json.length}`]
    assertRefused(await send(`POST ${path}`, headers, json), 404, 'not_found')
    assertRefused(await send(`GET ${path}`), 404, 'not_found')
  })
}

test('an escaped letter in an address leads to the same route, and so past nothing that guards it', async () => {
  assertRefused(await send('GET /api/v1/users/%6de'), 401, 'invalid_token')
  assertRefused(await send('GET /api/v1/auth/%6cogin'), 405, 'method_not_allowed')
})

for (const path of [
  '/%',
  '/%zz',
  '/%E0%A4%A',
  '/api/docs/static/%c0%ae%c0%ae/x',
  '/api/v1/users/me/sessions/%E0%A4%A',
]) {
  test(`the address ${path} can't be read and is refused with 400`, async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await send(`${method} ${path}`)
      assertRefused(answer, 400, 'malformed_request')
      assert.match(String(answer?.headers.get('x-request-id')), /^[0-9a-f]{32}$/)
      assert.equal(answer?.headers.get('x-content-type-options'), 'nosniff')
      assert.match(String(answer?.headers.get('content-security-policy')), /^default-src 'none'/)
    }
  })
}

test('an address outside of the files of the documentation is refused with 404', async () => {
  assert.equal((await send('GET /api/docs/static/index.css'))?.status, 200)
  for (const path of [
    ...['../../../package.json', '..', '%2e%2e', '%2e%2e%2f%2e%2e%2fpackage.json', '%252e%252e%252fpackage.json'],
    ...[
      '..\\..\\package.json',
      '..%5c..%5cpackage.json',
      '%00',
      'index.css%00.png',
      '.env',
      '.git/config',
      'package.json',
    ],
    ...['/etc/passwd', '%2fetc%2fpasswd', '....//....//etc/passwd', 'C:/windows/win.ini', 'a'.repeat(5_000)],
  ]) {
    assertRefused(await send(`GET /api/docs/static/${path}`), 404, 'not_found')
  }
})

test('a session id that is none, or nobody’s, is refused with 404', async () => {
  const { access: token } = await service.loggedIn()
  for (const id of [
    ...['x', '%7B%7D', '%00', '1', '%20', "'%20OR%20'1'='1", 'A'.repeat(36), 'undefined', '__proto__', '%F0%9F%94%91'],
    ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'a'.repeat(101)],
  ]) {
    assertRefused(await service.call('DELETE', `/api/v1/users/me/sessions/${id}`, { token }), 404, 'not_found')
  }
  assert.equal((await service.call('GET', '/api/v1/users/me', { token })).status, 200)
})
