import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { faces, problemsPath } from '../../src/platform/http/problem.ts'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { issuer, kinds, startService } from '../support/service.ts'

const origin = 'https://good.com'
const [service, shared] = await Promise.all([
  startService({ env: { RATE_LIMIT: 'off' } }),
  startService({ env: { RATE_LIMIT: 'off', CORS_ORIGINS: `${origin},https://app.good.com:8443` } }),
])
after(() => Promise.all([service.close(), shared.close()]))

const base = ['Host: localhost', 'Connection: close']
const send = async (line: string, headers: string[] = [], body = '') =>
  (await sendRaw(service.url, rawRequest(line, [...base, ...headers], body))).answers[0]

test('what a request says of its host or of line breaks comes back in no header and in no link', async () => {
  const evil = [
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example',
    'X-Forwarded-Proto: evil',
    'Origin: http://evil.example',
  ]
  for (const path of [
    '/.well-known/oauth-authorization-server',
    '/api/openapi.json',
    '/api/docs',
    '/api/docs/static/index.html',
    '/api/v1/x%0d%0aSet-Cookie:%20evil=1',
    '/health/live?next=//evil.example&redirect=%0d%0aSet-Cookie:%20evil=1',
  ]) {
    const request = rawRequest(`GET ${path}`, ['Host: evil.example', 'Connection: close', ...evil])
    const { answers } = await sendRaw(service.url, request)
    assert.ok(answers[0] && [200, 302, 404].includes(answers[0].status), path)
    assert.ok(!`${[...answers[0].headers]} ${answers[0].text}`.includes('evil'), path)
  }
})

test('without CORS_ORIGINS no origin is allowed anything', async () => {
  for (const value of ['null', origin, issuer]) {
    const { headers } = await service.call('GET', '/health/live', { headers: { origin: value } })
    assert.deepEqual(
      [...headers.keys()].filter((name) => name.startsWith('access-control')),
      [],
    )
  }
})

test('an origin of CORS_ORIGINS may call, without credentials, and its preflights are answered', async () => {
  for (const value of [origin, 'https://app.good.com:8443']) {
    for (const [method, path] of [
      ['GET', '/health/live'],
      ['GET', '/api/v1/users/me'],
      ['OPTIONS', '/api/v1/auth/login'],
    ] as const) {
      const headers = { origin: value, 'access-control-request-method': 'POST' }
      const answer = await shared.call(method, path, { headers })
      assert.equal(answer.headers.get('access-control-allow-origin'), value)
      assert.equal(answer.headers.has('access-control-allow-credentials'), false)
      assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/)
      assert.equal(answer.status, { 'GET/health/live': 200, 'GET/api/v1/users/me': 401 }[method + path] ?? 204)
    }
  }
})

for (const value of [
  ...['null', '*', 'https://evil.example', 'https://good.com.evil.example', 'https://evilgood.com', 'http://good.com'],
  ...[
    'https://good.com:444',
    'https://GOOD.com',
    'https://good.com/',
    'https://sub.good.com',
    'https://good.com@evil.example',
  ],
  ...['https://good.com, https://evil.example', 'good.com', 'https://good.com`', ''],
]) {
  test(`the origin ${JSON.stringify(value)} is not allowed to read any answer`, async () => {
    for (const [method, path] of [
      ['GET', '/health/live'],
      ['GET', '/nowhere'],
      ['OPTIONS', '/api/v1/auth/login'],
    ] as const) {
      const headers = { origin: value, 'access-control-request-method': 'POST' }
      const answer = await shared.call(method, path, { headers })
      assert.equal(answer.headers.has('access-control-allow-origin'), false)
      assert.equal(answer.headers.has('access-control-allow-credentials'), false)
      assert.match(answer.headers.get('vary') ?? '', /\bOrigin\b/)
    }
  })
}

test('whatever a request says, each refusal is one line of JSON in the log, without control characters', async () => {
  const forged = '\\r\\n{\\"level\\":\\"fatal\\",\\"msg\\":\\"forged\\"}\\u001b[31m'
  const json = `{"email":"a${forged}@example.com","password":"log canary ${forged}"}`
  const from = service.logLines.length
  const headers = [
    'User-Agent: x\x9b31m"},{"level":"fatal"} \xff',
    'X-Forwarded-For: 1.2.3.4\x9b31m',
    'traceparent: 00-forged\x9b-1-01',
    'Content-Type: application/json',
    `Content-Length: ${json.length}`,
  ]
  assertRefused(await send('POST /api/v1/auth/login?forged=%0d%0a', headers, json), 422, 'validation_failed')
  assertRefused(await send('GET /forged%0d%0a%1b[31m', headers, json), 404, 'not_found')
  assertRefused(await send('GET /health/live', ['User-Agent: \x1b[31m']), 400, 'malformed_request')
  assertRefused(await send('GET /api/v1/users/me', ['Authorization: Bearer forged\x9b']), 401, 'invalid_token')
  const lines = service.logLines.slice(from)
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).code),
    ['validation_failed', 'not_found', 'malformed_request', 'invalid_token'],
  )
  for (const line of lines) {
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.match(line.trimEnd(), /^[\x20-\x7e]*$/)
    assert.ok(!line.includes('forged') && !line.includes('canary'))
    assert.equal(JSON.parse(line).level, 'info')
  }
})

test('a session shows of its User-Agent printable ASCII alone, and no address that the client made up', async () => {
  const one = await service.person()
  const json = JSON.stringify(one)
  const headers = [
    'User-Agent: \x9b31m a\xffb\t\tc <script>',
    'X-Forwarded-For: 1.2.3.4',
    'Forwarded: for=1.2.3.4',
    'X-Real-IP: 1.2.3.4',
  ]
  const answer = await send(
    'POST /api/v1/auth/login',
    [...headers, 'Content-Type: application/json', `Content-Length: ${json.length}`],
    json,
  )
  const { body } = await service.call('GET', '/api/v1/users/me/sessions', { token: answer?.body.access_token })
  assert.equal(body.sessions[0].user_agent, '31m a b c <script>')
  assert.equal(body.sessions[0].ip, '127.0.0.1')
})

test('the type of every refusal leads to a page that explains its code', async () => {
  const { type } = (await service.call('GET', '/nowhere')).body
  const page = await service.call('GET', new URL(type).pathname)
  assert.equal(page.status, 200)
  assert.equal(type, `${issuer}${problemsPath}#not_found`)
  for (const code of Object.keys(faces)) assert.ok(page.text.includes(`id="${code}"`), code)
})

for (const kind of kinds) {
  test(`a fault of the service is a 500 that tells nothing, with its cause and no stored hash in the log (${kind})`, async () => {
    const broken = await startService({ kind, env: { RATE_LIMIT: 'off' } })
    try {
      const one = await broken.loggedIn()
      await broken.query(`ALTER TABLE users ADD CONSTRAINT fault_canary CHECK (email <> 'canary@example.com')`)
      const json = { email: 'canary@example.com', password: 'canary password' }
      const fault = await broken.call('POST', '/api/v1/auth/register', { json })
      await broken.query('ALTER TABLE users RENAME TO users_canary')
      const again = await broken.call('GET', '/api/v1/users/me', { token: one.access })
      const third = await broken.call('POST', '/api/v1/auth/login', {
        json: { email: one.email, password: one.password },
      })
      for (const answer of [fault, again, third]) {
        assertRefused(answer, 500, 'internal_error')
        const shown = `${[...answer.headers]} ${answer.text}`
        assert.ok(!/canary|relation|constraint|users|select|\bat |node_modules|postgres|\.ts/i.test(shown), shown)
        const line = broken.logLines.find((line) => line.includes(answer.body.request_id))
        assert.match(line ?? '', /relation \\"users\\"/)
      }
      assert.equal(new Set([fault, again, third].map(({ body }) => body.request_id)).size, 3)
      const log = broken.logLines.join('')
      for (const secret of ['$2b$', 'canary password', one.password, one.access, one.refresh])
        assert.ok(!log.includes(secret))
      await broken.query('ALTER TABLE users_canary RENAME TO users')
      assert.equal((await broken.call('GET', '/api/v1/users/me', { token: one.access })).status, 200)
    } finally {
      await broken.close()
    }
  })
}
