import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import {
  compact,
  decode,
  es256,
  hs256,
  macKey,
  plantKey,
  type Sign,
  secretKey,
  signingKeyOf,
  strangersKey,
  unsigned,
} from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { SECRET_KEY: secretKey, RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.loggedIn()
const { header, claims, signature } = decode(person.access)
const ours = await signingKeyOf(service, header.kid)
const stranger = await strangersKey()
const signed = es256(ours.privateKey)
const kept: Sign = () => signature

const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })

/** Refused wherever any token is taken. */
async function assertForged(token: string): Promise<void> {
  assertRefused(await me(token), 401, 'invalid_token')
  assertRefused(await service.call('GET', '/api/v1/users/me/sessions', { token }), 401, 'invalid_token')
  assertRefused(await service.call('POST', '/api/v1/auth/refresh', { token }), 401, 'invalid_token')
  assertRefused(await service.call('POST', '/api/v1/auth/logout', { token }), 401, 'invalid_token')
}

test('a token that is made by hand with the key of the service and nothing changed is accepted', async () => {
  assert.equal((await me(compact(header, claims, signed))).status, 200)
  assert.equal((await me(person.access)).status, 200)
})

const headers: [what: string, header: unknown, sign?: Sign][] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none\0', ''].flatMap((alg): [string, unknown, Sign][] => [
    [`alg is ${JSON.stringify(alg)} without a signature`, { ...header, alg }, unsigned],
    [`alg is ${JSON.stringify(alg)} with the signature kept`, { ...header, alg }, kept],
  ]),
  ['alg is missing', { typ: header.typ, kid: header.kid }],
  ['alg is a list', { ...header, alg: ['ES256'] }],
  ['alg is a number', { ...header, alg: 256 }],
  ['alg is null', { ...header, alg: null }],
  ['alg is in lower case', { ...header, alg: 'es256' }],
  ['alg is another of the same family', { ...header, alg: 'ES384' }],
  ['alg is ESP256', { ...header, alg: 'ESP256' }],
  ['alg is given twice', `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${header.kid}"}`],
  ['header has one more member', { ...header, x: 1 }],
  ['header has its members in another order', { kid: header.kid, typ: header.typ, alg: header.alg }],
  ['header has white space', JSON.stringify(header, null, 1)],
  ['header is a list', [header]],
  ['header is null', null],
  ['header is not JSON', '{'],
  ['header is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ['header has a byte order mark', `\ufeff${JSON.stringify(header)}`],
  ['header has a __proto__', `{"__proto__":${JSON.stringify(header)}}`],
  ['typ is missing', { alg: header.alg, kid: header.kid }],
  ...['JWT', 'rt+jwt', 'id+jwt', 'refresh+jwt', 'AT+JWT', 'application/at+jwt', 'at+jwt\0', null, 1, ['at+jwt']].map(
    (typ): [string, unknown] => [`typ is ${JSON.stringify(typ)}`, { ...header, typ }],
  ),
  ['kid is missing', { alg: header.alg, typ: header.typ }],
  ...[
    "' OR '1'='1",
    '../../../../dev/null',
    '__proto__',
    'constructor',
    'toString',
    '',
    null,
    {},
    [header.kid],
    'A'.repeat(43),
    `${header.kid}\0`,
    String(header.kid).toLowerCase(),
    'k'.repeat(2500),
  ].map((kid): [string, unknown] => [`kid is ${JSON.stringify(kid).slice(0, 50)}`, { ...header, kid }]),
  ['crit names a member that nobody knows', { ...header, crit: ['x'], x: 1 }],
  ['crit is empty', { ...header, crit: [] }],
  ['crit and b64 say that the payload is not encoded', { ...header, crit: ['b64'], b64: false }],
  ['b64 says that the payload is not encoded', { ...header, b64: false }],
  ['zip says that the payload is compressed', { ...header, zip: 'DEF' }],
]

for (const [what, lie, sign = signed] of headers) {
  test(`a token whose ${what} is refused with 401, however well it is signed`, async () => {
    await assertForged(compact(lie, claims, sign))
  })
}

const published = { ...ours.publicKey.export({ format: 'jwk' }), kid: ours.kid, use: 'sig', alg: 'ES256' }
const pem = String(ours.publicKey.export({ format: 'pem', type: 'spki' }))
const coordinate = (name: 'x' | 'y') => Buffer.from(String(published[name]), 'base64url')
const publicForms: [what: string, key: string | Buffer][] = [
  ['PEM', pem],
  ['PEM without the last line break', pem.trimEnd()],
  ['PEM with one more line break', `${pem}\n`],
  ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
  ['PEM with a space before it', ` ${pem}`],
  ['PEM without its frame', pem.replace(/-----[^\n]*\n/g, '').replaceAll('\n', '')],
  ['DER', ours.publicKey.export({ format: 'der', type: 'spki' })],
  ['JWK as it is published', JSON.stringify(published)],
  ['JWK alone', JSON.stringify(ours.publicKey.export({ format: 'jwk' }))],
  ['x as bytes', coordinate('x')],
  ['x as text', String(published.x)],
  ['point', Buffer.concat([Buffer.from([4]), coordinate('x'), coordinate('y')])],
  ['kid', ours.kid],
  ['absence', ''],
]

for (const [what, key] of publicForms) {
  test(`a token with a MAC keyed with the public key's ${what} is refused with 401`, async () => {
    await assertForged(compact({ ...header, alg: 'HS256' }, claims, hs256(key)))
    await assertForged(compact({ alg: 'HS256', typ: 'at+jwt' }, claims, hs256(key)))
    const refresh = decode(person.refresh)
    await assertForged(compact(refresh.header, refresh.claims, hs256(key)))
  })
}

test('a refresh token made by hand with the MAC key of the service is the very token that it issued', async () => {
  const refresh = decode(person.refresh)
  assert.equal(compact(refresh.header, refresh.claims, hs256(macKey())), person.refresh)
})

test('a token that brings its key along, or names where to get it, is refused and nobody is asked for it', async (t) => {
  let visits = 0
  const jwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid: stranger.kid, use: 'sig', alg: 'ES256' }
  const trap = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }))
  })
  trap.on('connection', () => {
    visits++
  })
  t.after(() => {
    trap.close()
    trap.closeAllConnections()
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks`
  const der = stranger.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  for (const brought of [
    { jwk },
    { jku: url },
    { x5u: url },
    { x5c: [der] },
    { jwk, jku: url, x5u: url, x5c: [der], x5t: 'x', iss: url },
  ]) {
    const own = es256(stranger.privateKey)
    await assertForged(compact({ ...header, ...brought }, claims, own))
    await assertForged(compact({ ...header, kid: stranger.kid, ...brought }, claims, own))
    await assertForged(compact({ alg: 'ES256', typ: 'at+jwt', ...brought }, claims, own))
    await assertForged(compact({ ...header, kid: url, ...brought }, { ...claims, iss: url }, own))
    await assertForged(compact({ ...header, ...brought }, claims, signed))
  }
  assert.equal(visits, 0)
  await fetch(url).then((response) => response.text())
  assert.equal(visits, 1)
})

test("a token with the service's own header under a stranger's key is refused with 401", async () => {
  await assertForged(compact(header, claims, es256(stranger.privateKey)))
})

test('every published key is accepted for its own tokens alone, and a key of the past for none', async () => {
  const at = (seconds: number) => new Date(service.clock().getTime() + seconds * 1000)
  const second = await plantKey(service, at(-3600), null)
  const retired = await plantKey(service, at(-7200), at(-1))
  const next = await plantKey(service, at(3600), null)
  const gone = await plantKey(service, at(-7200), at(-66))
  assertRefused(await me(compact({ ...header, kid: gone.kid }, claims, es256(gone.privateKey))), 401, 'invalid_token')
  for (const key of [ours, second, retired, next]) {
    const own = { ...header, kid: key.kid }
    assert.equal((await me(compact(own, claims, es256(key.privateKey)))).status, 200)
    for (const other of [ours, second, retired, next, gone, stranger]) {
      if (other !== key) await assertForged(compact(own, claims, es256(other.privateKey)))
    }
  }
  await assertForged(compact({ ...header, kid: stranger.kid }, claims, es256(stranger.privateKey)))
  await assertForged(compact({ alg: header.alg, typ: header.typ }, claims, es256(second.privateKey)))
})
