import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.person()

const login = '/api/v1/auth/login'
const register = '/api/v1/auth/register'
const json = { 'content-type': 'application/json' }
const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = json) =>
  service.call('POST', path, { body, headers })
const genuine = JSON.stringify({ email: person.email, password: person.password })
const users = async () => Number((await service.query('SELECT count(*) FROM users'))[0]?.count)

test('the body from which the others are made is accepted', async () => {
  assert.equal((await post(login, genuine)).status, 200)
  assert.equal((await post(login, ` \n\t\r${genuine} \n`)).status, 200)
})

const otherTypes = [
  '',
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/problem+json',
  'application/jsonx',
  'application/json\ta',
  'application/json a',
  'application/json;',
  'application/json;;charset=utf-8',
  'application/json; charset=utf-16',
  'application/json; charset=iso-8859-1',
  'application/json; charset=utf-8; charset=utf-16',
  'application/json; version=1',
  'application/json, text/plain',
  'text/plain, application/json',
  'application/json/x',
  'application/',
  '/',
  '*/*',
  '__proto__',
]

for (const type of otherTypes) {
  test(`a body of the type ${JSON.stringify(type)} is refused with 415`, async () => {
    for (const path of [login, register]) {
      assertRefused(await post(path, genuine, { 'content-type': type }), 415, 'unsupported_media_type')
    }
  })
}

for (const type of [
  'application/json',
  'APPLICATION/JSON',
  'application/json;charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json ; charset=utf-8 ',
]) {
  test(`a body of the type ${JSON.stringify(type)} is accepted`, async () => {
    assert.equal((await post(login, genuine, { 'content-type': type })).status, 200)
  })
}

test('a body without a type, with two types or packed is refused with 415', async () => {
  const answer = await service.call('POST', login, { body: Buffer.from(genuine) })
  assertRefused(answer, 415, 'unsupported_media_type')
  const length = `Content-Length: ${genuine.length}`
  const type = 'Content-Type: application/json'
  for (const headers of [
    [type, type],
    [type, 'Content-Type: text/plain'],
    ['Content-Type: text/plain', type],
  ]) {
    const request = rawRequest(`POST ${login}`, ['Host: localhost', 'Connection: close', length, ...headers], genuine)
    assertRefused((await sendRaw(service.url, request)).answers[0], 415, 'unsupported_media_type')
  }
  for (const encoding of ['gzip', 'br', 'deflate', 'GZIP', 'x', 'identity, gzip']) {
    const packed = await post(login, genuine, { ...json, 'content-encoding': encoding })
    assertRefused(packed, 415, 'unsupported_media_type')
  }
})

test('a body that a call does not want is read as strictly, and the token is not used up', async () => {
  const { refresh: token } = await service.loggedIn()
  const send = (body: string, type: string) =>
    service.call('POST', '/api/v1/auth/refresh', { token, body, headers: { 'content-type': type } })
  assertRefused(await send('{', 'application/json'), 400, 'malformed_request')
  assertRefused(await send('{"__proto__":1}', 'application/json'), 400, 'malformed_request')
  assertRefused(await send('a=b', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type')
  assertRefused(await send('x'.repeat(20_000), 'application/json'), 413, 'body_too_large')
  assert.equal((await send('', 'application/json')).status, 200)
})

test('a body of 16 KiB is read, and one byte more is refused with 413', async () => {
  const padded = (length: number) => genuine + ' '.repeat(length - genuine.length)
  assert.equal((await post(login, padded(16_384))).status, 200)
  for (const path of [login, register]) {
    assertRefused(await post(path, padded(16_385)), 413, 'body_too_large')
    assertRefused(await post(path, padded(1 << 20)), 413, 'body_too_large')
  }
})

// Each stands for a family of texts that break parsers, templates, shells, queries or terminals.
const naughty = [
  "' OR '1'='1' --",
  "'; DROP TABLE users; --",
  '" or ""="',
  '1; SELECT pg_sleep(10)',
  '$1',
  '{{7*7}}',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as text.
  '${jndi:ldap://x.example/a}',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  '`id`',
  '$(touch x)',
  '%s%s%s%n',
  '%00',
  '\r\n\r\nHTTP/1.1 200 OK',
  '\u001b[31mred',
  '\u202eevil',
  '\u200b\ufeff',
  '\ufdfd',
  'Z\u0351\u036b\u0343',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  '田中さん',
  '1e309',
  '__proto__',
  'constructor',
  '\\',
  '\u0001\u007f\u0080',
]

for (const text of naughty) {
  test(`the text ${JSON.stringify(text)} breaks nothing in any field, path or header`, async () => {
    const before = await users()
    const quoted = { email: text, password: text }
    for (const path of [login, register]) {
      assertRefused(await service.call('POST', path, { json: quoted }), 422, 'validation_failed')
    }
    const guess = { email: person.email, password: text }
    assertRefused(await service.call('POST', login, { json: guess }), 401, 'invalid_credentials')
    const address = { email: `${text}@example.com`, password: 'your_password_123' }
    const answer = await service.call('POST', login, { json: address })
    assert.ok([401, 422].includes(answer.status), answer.text)
    const escaped = encodeURIComponent(text)
    assertRefused(await service.call('GET', `/api/v1/${escaped}`), 404, 'not_found')
    assert.equal((await service.call('GET', `/health/live?${escaped}=${escaped}`)).status, 200)
    assert.equal(await users(), before)
  })

  test(`a password with ${JSON.stringify(text)} in it is kept as it is`, async () => {
    const one = { email: `naughty-${naughty.indexOf(text)}@example.com`, password: `zq8-vk3m ${text}` }
    assert.equal((await service.call('POST', register, { json: one })).status, 200)
    assert.equal((await service.call('POST', login, { json: one })).status, 200)
    const other = { ...one, password: Array.from(one.password).slice(0, -1).join('') }
    assertRefused(await service.call('POST', login, { json: other }), 401, 'invalid_credentials')
  })
}

test('after all this the log holds one JSON value a line, and no password', () => {
  for (const line of service.logLines) {
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.equal(typeof JSON.parse(line).level, 'string')
    assert.ok(!line.includes('your_password') && !line.includes('zq8-vk3m'))
  }
})
