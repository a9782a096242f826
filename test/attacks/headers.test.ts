import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const [plain, secure] = await Promise.all([
  startService({ env: { RATE_LIMIT: 'off' } }),
  startService({ env: { RATE_LIMIT: 'off', PUBLIC_URL: 'https://auth.example.com' } }),
])
after(() => Promise.all([plain.close(), secure.close()]))

const base = ['Host: localhost', 'Connection: close']
/** Every way in which an answer is made: by a route, by the guard, by the framework, and without it. */
const requests: [what: string, request: string, status: number][] = [
  ['a call that succeeds', rawRequest('GET /health/live', base), 200],
  ['the documentation', rawRequest('GET /api/docs', base), 200],
  ['the page on refusals', rawRequest('GET /api/problems', base), 200],
  ['the public keys', rawRequest('GET /.well-known/jwks.json', base), 200],
  ['a call without a token', rawRequest('GET /api/v1/users/me', base), 401],
  ['an address that is not there', rawRequest('GET /nowhere', base), 404],
  ['an address that cannot be read', rawRequest('GET /%zz', base), 400],
  ['a request that is no HTTP', 'what is this\r\n\r\n', 400],
  ['a header that is too long', rawRequest('GET /health/live', [...base, `X: ${'x'.repeat(20_000)}`]), 431],
]

async function headersOf(url: string, request: string, status: number) {
  const [answer] = (await sendRaw(url, request)).answers
  assert.equal(answer?.status, status)
  return (name: string) => answer?.headers.get(name) ?? ''
}

for (const [what, request, status] of requests) {
  test(`${what}: the answer is not guessed at, framed, given another base, or told of elsewhere`, async () => {
    const header = await headersOf(plain.url, request, status)
    assert.equal(header('x-content-type-options'), 'nosniff')
    assert.equal(header('referrer-policy'), 'no-referrer')
    const policy = header('content-security-policy').split(/; ?/)
    for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(directive), `${directive} is missing in: ${policy}`)
    }
  })

  test(`${what}: behind https the browser is told to stay there for a year, on plain http it is not`, async () => {
    assert.equal((await headersOf(plain.url, request, status))('strict-transport-security'), '')
    const strict = (await headersOf(secure.url, request, status))('strict-transport-security')
    assert.equal(strict, 'max-age=31536000; includeSubDomains')
  })
}

test('a page opens in no window that another origin may reach into', async () => {
  for (const path of ['/api/docs', '/api/problems']) {
    const header = await headersOf(plain.url, rawRequest(`GET ${path}`, base), 200)
    assert.equal(header('cross-origin-opener-policy'), 'same-origin', path)
  }
})

test('a page runs scripts and loads styles of its own origin alone, and no text', async () => {
  for (const path of ['/api/docs', '/api/problems']) {
    const [answer] = (await sendRaw(plain.url, rawRequest(`GET ${path}`, base))).answers
    assert.equal(answer?.status, 200)
    for (const [, target = ''] of answer.text.matchAll(/(?:src|href)="([^"]*)"/g)) {
      assert.equal(new URL(target, plain.url).origin, plain.url, `${path} names ${target}`)
    }
    assert.doesNotMatch(answer.text, /<script(?![^>]* src=)|<(?:object|embed|applet)\b|\son\w+=|javascript:/i)
    for (const directive of (answer.headers.get('content-security-policy') ?? '').split(';')) {
      const [name = '', ...sources] = directive.trim().split(' ')
      const allowed = /^'(?:none|self|sha256-[^']+)'$/
      const own = sources.every((source) => allowed.test(source) || (name === 'img-src' && source === 'data:'))
      assert.ok(own, `${path}: ${directive}`)
    }
  }
})

test('no answer sets a cookie or names the software that made it', async () => {
  for (const [what, request, status] of requests) {
    const header = await headersOf(plain.url, request, status)
    for (const name of ['set-cookie', 'server', 'x-powered-by']) assert.equal(header(name), '', `${what}: ${name}`)
  }
})
