import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { decode, secretKey } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { SECRET_KEY: secretKey, RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.loggedIn()
const t = person.access

const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })
const refresh = (token: string) => service.call('POST', '/api/v1/auth/refresh', { token })

async function meWith(...headers: string[]) {
  const request = rawRequest('GET /api/v1/users/me', ['Host: localhost', 'Connection: close', ...headers])
  const { answers } = await sendRaw(service.url, request)
  return answers[0]
}

for (const header of [`Authorization: Bearer ${t}`, `authorization: bearer ${t}`, `AUTHORIZATION:BEARER ${t}  `]) {
  test(`a token in the form "${header.slice(0, 22)}…" is accepted`, async () => {
    assert.equal((await meWith(header))?.status, 200)
  })
}

const forms: [what: string, ...headers: string[]][] = [
  ['the scheme alone', 'Authorization: Bearer'],
  ['the scheme and a space', 'Authorization: Bearer '],
  ['nothing', 'Authorization:'],
  ['the token alone', `Authorization: ${t}`],
  ['two spaces', `Authorization: Bearer  ${t}`],
  ['a tab', `Authorization: Bearer\t${t}`],
  ['no space', `Authorization: Bearer${t}`],
  ['a colon', `Authorization: Bearer: ${t}`],
  ['an equals sign', `Authorization: Bearer=${t}`],
  ['quotation marks', `Authorization: Bearer "${t}"`],
  ['the token twice', `Authorization: Bearer ${t} ${t}`],
  ['the scheme twice', `Authorization: Bearer Bearer ${t}`],
  ['a list', `Authorization: Bearer ${t}, Bearer ${t}`],
  ['a list with another scheme', `Authorization: Basic dXNlcjpwYXNz, Bearer ${t}`],
  ['a parameter', `Authorization: Bearer token=${t}`],
  ['a semicolon', `Authorization: Bearer ${t};`],
  ['another scheme', `Authorization: Token ${t}`],
  ['a scheme that binds tokens to keys', `Authorization: DPoP ${t}`],
  ['a password', 'Authorization: Basic dXNlcjpwYXNz'],
  ['a broken escape', 'Authorization: Bearer %E0%A4%A'],
  ['the token with each dot escaped', `Authorization: Bearer ${t.replaceAll('.', '%2e')}`],
  ['the byte 0xFF', 'Authorization: Bearer \xff'],
  ['the token and the byte 0xFF', `Authorization: Bearer ${t}\xff`],
  ['the token and a no-break space', `Authorization: Bearer ${t}\xa0`],
  ['two headers', `Authorization: Bearer ${t}`, `Authorization: Bearer ${t}`],
  ['two headers, the first another scheme', 'Authorization: Basic eDp5', `Authorization: Bearer ${t}`],
  ['two headers, the second empty', `Authorization: Bearer ${t}`, 'Authorization:'],
  ['the proxy header', `Proxy-Authorization: Bearer ${t}`],
  ['a header of one proxy or another', `X-Authorization: Bearer ${t}`, `X-Forwarded-Access-Token: ${t}`],
  ['cookies', `Cookie: access_token=${t}; token=${t}; Authorization=Bearer ${t}`],
]

for (const [what, ...headers] of forms) {
  test(`a token presented with ${what} is refused with 401`, async () => {
    assertRefused(await meWith(...headers), 401, 'invalid_token')
  })
}

for (const [what, header] of [
  ['a line break', `Authorization: Bearer ${t}\n`],
  ['NUL', `Authorization: Bearer ${t}\0`],
  ['a folded line', `Authorization: Bearer\r\n ${t}`],
] as const) {
  test(`a token presented with ${what} is refused with 400`, async () => {
    assertRefused(await meWith(header), 400, 'malformed_request')
  })
}

test('a token in the query or in the body is not looked at', async () => {
  for (const name of ['access_token', 'token', 'authorization', 'bearer']) {
    assertRefused(await service.call('GET', `/api/v1/users/me?${name}=${t}`), 401, 'invalid_token')
    assertRefused(await service.call('POST', `/api/v1/auth/refresh?${name}=${person.refresh}`), 401, 'invalid_token')
    const json = { [name]: person.refresh, refresh_token: person.refresh }
    assertRefused(await service.call('POST', '/api/v1/auth/refresh', { json }), 401, 'invalid_token')
    assertRefused(await service.call('POST', '/api/v1/auth/logout', { json }), 401, 'invalid_token')
  }
})

test('who sends no token is told the scheme alone, and who sends a bad one what is wrong with it', async () => {
  const challenge = async (...headers: string[]) => (await meWith(...headers))?.headers.get('www-authenticate')
  assert.equal(await challenge(), 'Bearer')
  assert.match((await challenge('Authorization: Bearer x')) ?? '', /^Bearer error="invalid_token", error_description="/)
})

for (const [what, token] of [
  ['a megabyte', 'a'.repeat(1 << 20)],
  ['a million dots', '.'.repeat(1_000_000)],
  ['50 000 levels of JSON', Buffer.from('['.repeat(50_000)).toString('base64url')],
] as const) {
  test(`a token of ${what} is refused with 431, and the service goes on`, async () => {
    for (let time = 0; time < 5; time++) {
      const request = rawRequest('GET /api/v1/users/me', ['Host: localhost', `Authorization: Bearer ${token}`])
      const { answers } = await sendRaw(service.url, request)
      assertRefused(answers[0], 431, 'headers_too_large')
    }
    assert.equal((await me(t)).status, 200)
  })
}

for (const [what, token] of [
  ['15 000 letters', 'a'.repeat(15_000)],
  ['15 000 dots', '.'.repeat(15_000)],
  ['5 000 parts', 'a.'.repeat(5_000)],
] as const) {
  test(`a token of ${what} is refused with 401`, async () => {
    assertRefused(await me(token), 401, 'invalid_token')
    assertRefused(await refresh(token), 401, 'invalid_token')
  })
}

test('each kind of token is accepted where it belongs and refused with 401 where the other does', async () => {
  const one = await service.loggedIn()
  assertRefused(await me(one.refresh), 401, 'invalid_token')
  assertRefused(await service.call('GET', '/api/v1/users/me/sessions', { token: one.refresh }), 401, 'invalid_token')
  assertRefused(await service.call('DELETE', '/api/v1/users/me/sessions', { token: one.refresh }), 401, 'invalid_token')
  const { sid } = decode(one.access).claims
  const own = `/api/v1/users/me/sessions/${sid}`
  assertRefused(await service.call('DELETE', own, { token: one.refresh }), 401, 'invalid_token')
  assertRefused(await refresh(one.access), 401, 'invalid_token')
  assert.equal((await me(one.access)).status, 200)
  assert.equal((await refresh(one.refresh)).status, 200)
})

test('a token of another service is refused with 401, though it has the same name and the same accounts', async () => {
  const other = await startService({ env: { SECRET_KEY: secretKey.split('').reverse().join(''), RATE_LIMIT: 'off' } })
  try {
    const stranger = await other.loggedIn()
    assert.equal(decode(stranger.access).claims.sub, decode(person.access).claims.sub)
    assertRefused(await me(stranger.access), 401, 'invalid_token')
    assertRefused(await refresh(stranger.refresh), 401, 'invalid_token')
    assertRefused(await refresh(stranger.access), 401, 'invalid_token')
    assert.equal((await other.call('POST', '/api/v1/auth/refresh', { token: stranger.refresh })).status, 200)
  } finally {
    await other.close()
  }
})

test('both tokens of a deleted account are refused with 401', async () => {
  const gone = await service.loggedIn()
  await service.query(`DELETE FROM users WHERE email = '${gone.email}'`)
  assertRefused(await me(gone.access), 401, 'invalid_token')
  assertRefused(await service.call('GET', '/api/v1/users/me/sessions', { token: gone.access }), 401, 'invalid_token')
  assertRefused(await refresh(gone.refresh), 401, 'invalid_token')
})

test('the tokens of a deleted account do not open the one that is registered anew with its address', async () => {
  const gone = await service.loggedIn()
  await service.query(`DELETE FROM users WHERE email = '${gone.email}'`)
  const json = { email: gone.email, password: gone.password }
  assert.equal((await service.call('POST', '/api/v1/auth/register', { json })).status, 200)
  assertRefused(await me(gone.access), 401, 'invalid_token')
  assertRefused(await refresh(gone.refresh), 401, 'invalid_token')
})

test('both tokens of a session that was ended are refused with 401 at once, and those of the others are not', async () => {
  const one = await service.loggedIn()
  const again = await service.call('POST', '/api/v1/auth/login', { json: { email: one.email, password: one.password } })
  assert.equal((await service.call('POST', '/api/v1/auth/logout', { token: one.refresh })).status, 204)
  assertRefused(await me(one.access), 401, 'invalid_token')
  assertRefused(await refresh(one.refresh), 401, 'invalid_token')
  assert.equal((await me(again.body.access_token)).status, 200)
  assert.equal((await refresh(again.body.refresh_token)).status, 200)
})

test('no token that was presented is in the log', () => {
  const log = service.logLines.join('')
  assert.ok(log.includes('request refused'))
  for (const token of [person.access, person.refresh]) assert.ok(!log.includes(token.slice(-40)))
})
