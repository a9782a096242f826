import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { compact, decode, es256, hs256, type Json, macKey, secretKey, signingKeyOf } from '../support/forge.ts'
import { assertRefused } from '../support/problems.ts'
import { startService } from '../support/service.ts'

const service = await startService({ env: { SECRET_KEY: secretKey, RATE_LIMIT: 'off' } })
after(() => service.close())
const person = await service.loggedIn()
const other = await service.loggedIn()
const { header } = decode(person.access)
const signed = es256((await signingKeyOf(service, header.kid)).privateKey)
const now = Math.floor(service.clock().getTime() / 1000)
const iss = service.issuer

/** The two kinds of token: how one is made by hand with genuine keys, and where it is presented. */
const kinds = {
  access: {
    ttl: 60,
    make: (claims: unknown) => compact(header, claims, signed),
    present: (token: string) => service.call('GET', '/api/v1/users/me', { token }),
  },
  refresh: {
    ttl: 300,
    make: (claims: unknown) => compact({ alg: 'HS256', typ: 'rt+jwt' }, claims, hs256(macKey())),
    present: (token: string) => service.call('POST', '/api/v1/auth/refresh', { token }),
  },
}
type Kind = keyof typeof kinds

type Change = (claims: Json, ttl: number) => unknown
type Row = readonly [what: string, change: Change, code?: string]

/** Claims with some replaced; `undefined` leaves one out. */
const set =
  (changes: Json): Change =>
  (claims) => ({ ...claims, ...changes })

/** Claims as text with one value in a notation that no encoder here would write. */
const raw =
  (name: string, text: string): Change =>
  (claims) =>
    JSON.stringify({ ...claims, [name]: '@' }).replace('"@"', text)

const both: Row[] = [
  ['exp is missing', set({ exp: undefined })],
  ['exp is null', set({ exp: null })],
  ['exp is text', set({ exp: String(now + 60) })],
  ['exp is true', set({ exp: true })],
  ['exp is an object', set({ exp: {} })],
  ['exp is a list', set({ exp: [now + 60] })],
  ['exp is negative', set({ exp: -1 })],
  ['exp is 0', set({ exp: 0 })],
  ['exp is a fraction', set({ exp: now + 0.5 })],
  ['exp is 1e308', raw('exp', '1e308')],
  ['exp is beyond every number', raw('exp', '1e999')],
  ['exp is in milliseconds', set({ exp: (now + 60) * 1000 })],
  ['exp is before its iat', set({ exp: now - 1 })],
  ['exp is its iat', set({ exp: now })],
  ['exp is now', (claims) => ({ ...claims, iat: now - 10, exp: now }), 'token_expired'],
  ['exp is past by a second', (claims) => ({ ...claims, iat: now - 10, exp: now - 1 }), 'token_expired'],
  ['life is a second too long', (claims, ttl) => ({ ...claims, exp: now + ttl + 1 })],
  ['life is too long though it began long ago', (claims, ttl) => ({ ...claims, iat: now - ttl, exp: now + 1 })],
  ['iat is missing', set({ iat: undefined })],
  ['iat is null', set({ iat: null })],
  ['iat is text', set({ iat: String(now) })],
  ['iat is 0', set({ iat: 0 })],
  ['iat is further ahead than clocks may differ', (claims, ttl) => ({ ...claims, iat: now + 6, exp: now + ttl })],
  ['iat is a day ahead', (claims, ttl) => ({ ...claims, iat: now + 86_400, exp: now + 86_400 + ttl })],
  ['nbf is a minute ahead', set({ nbf: now + 60 })],
  ['nbf is further ahead than clocks may differ', set({ nbf: now + 6 })],
  ['nbf is text', set({ nbf: String(now) })],
  ['nbf is null', set({ nbf: null })],
  ['nbf is an object', set({ nbf: {} })],
  ['iss is missing', set({ iss: undefined })],
  ['iss has a slash at its end', set({ iss: `${iss}/` })],
  ['iss is in upper case', set({ iss: iss.toUpperCase() })],
  ['iss is a host whose name begins alike', set({ iss: `${iss}.example.com` })],
  ['iss is a list', set({ iss: [iss] })],
  ['iss is another service', set({ iss: 'https://auth.example.com' })],
  ['aud is missing', set({ aud: undefined })],
  ['aud is a part of the name', set({ aud: iss.slice(0, -1) })],
  ['aud is in upper case', set({ aud: iss.toUpperCase() })],
  ['aud is a star', set({ aud: '*' })],
  ['aud is an object', set({ aud: { [iss]: true } })],
  ['aud is an empty list', set({ aud: [] })],
  ['aud is a list of others', set({ aud: ['https://a.example', 'https://b.example'] })],
  ['aud is a list in a list', set({ aud: [[iss]] })],
  ['aud is a list with what is no text', set({ aud: [iss, 1] })],
  ['sub is missing', set({ sub: undefined })],
  ['sub is null', set({ sub: null })],
  ['sub is a number', (claims) => ({ ...claims, sub: Number(claims.sub) })],
  ['sub is empty', set({ sub: '' })],
  ['sub is an object', set({ sub: { toString: '1' } })],
  ['sub is a list', (claims) => ({ ...claims, sub: [claims.sub] })],
  ['sub has a zero before it', (claims) => ({ ...claims, sub: `0${claims.sub}` })],
  ['sub has a plus before it', (claims) => ({ ...claims, sub: `+${claims.sub}` })],
  ['sub has a space before it', (claims) => ({ ...claims, sub: ` ${claims.sub}` })],
  ['sub has a line break after it', (claims) => ({ ...claims, sub: `${claims.sub}\n` })],
  ['sub is in scientific notation', set({ sub: '1e0' })],
  ['sub is in hexadecimal', set({ sub: '0x1' })],
  ['sub is in Arabic digits', set({ sub: '\u0661' })],
  ['sub is negative', set({ sub: '-1' })],
  ['sub is 0', set({ sub: '0' })],
  ['sub is beyond 2^53', set({ sub: '9007199254740993' })],
  ['sub is beyond 2^63', set({ sub: '9223372036854775808' })],
  ['sub is SQL', set({ sub: '1 OR 1=1' })],
  [
    'sub is only in its __proto__',
    (claims) => JSON.stringify({ ...claims, sub: undefined }).replace('{', `{"__proto__":{"sub":"${claims.sub}"},`),
  ],
  ['sid is missing', set({ sid: undefined })],
  ['sid is null', set({ sid: null })],
  ['sid is empty', set({ sid: '' })],
  ['sid is a list', (claims) => ({ ...claims, sid: [claims.sid] })],
  ['sid is in upper case', (claims) => ({ ...claims, sid: String(claims.sid).toUpperCase() })],
  ['sid is in braces', (claims) => ({ ...claims, sid: `{${claims.sid}}` })],
  ['sid is without hyphens', (claims) => ({ ...claims, sid: String(claims.sid).replaceAll('-', '') })],
  ['sid has NUL after it', (claims) => ({ ...claims, sid: `${claims.sid}\0` })],
  ['sid is of no session', set({ sid: randomUUID() })],
  ['sid is the nil UUID', set({ sid: '00000000-0000-0000-0000-000000000000' })],
  ['sid is SQL', set({ sid: "' OR '1'='1" })],
]

const own: Record<Kind, Row[]> = {
  access: [
    ['sub is of another person', set({ sub: decode(other.access).claims.sub })],
    ['sub is of nobody', set({ sub: '9007199254740991' })],
    [
      'sub is given twice, the last of another person',
      (claims) => twice(claims, claims.sub, decode(other.access).claims.sub),
    ],
    ['sid is of another person', set({ sid: decode(other.access).claims.sid })],
    ['jti is missing', set({ jti: undefined })],
    ['jti is a number', set({ jti: 1 })],
    ['client_id is missing', set({ client_id: undefined })],
    ['client_id is null', set({ client_id: null })],
  ],
  refresh: [
    ['gen is missing', set({ gen: undefined })],
    ['gen is null', set({ gen: null })],
    ['gen is text', set({ gen: '0' })],
    ['gen is a list', set({ gen: [0] })],
    ['gen is negative', set({ gen: -1 })],
    ['gen is a fraction', set({ gen: 0.5 })],
    ['gen is beyond what is counted', set({ gen: 2_147_483_648 })],
    ['gen is beyond every number', raw('gen', '1e999')],
    ['gen is one that the session has not reached', set({ gen: 1 })],
    ['aud is a list', set({ aud: [iss] })],
  ],
}

function twice(claims: Json, first: unknown, last: unknown): string {
  const { sub: _, ...rest } = claims
  return JSON.stringify(rest).replace('{', `{"sub":${JSON.stringify(first)},"sub":${JSON.stringify(last)},`)
}

for (const kind of ['access', 'refresh'] as const) {
  const { ttl, make, present } = kinds[kind]
  const { claims } = decode(person[kind])

  for (const [what, change, code = 'invalid_token'] of [...both, ...own[kind]]) {
    test(`a genuine ${kind} token whose ${what} is refused with 401`, async () => {
      assertRefused(await present(make(change(claims, ttl))), 401, code)
    })
  }

  const accepted: Row[] = [
    ['claims are unchanged', set({})],
    ['exp is a second ahead', (claims, ttl) => ({ ...claims, iat: now + 1 - ttl, exp: now + 1 })],
    ['iat is as far ahead as clocks may differ', (claims, ttl) => ({ ...claims, iat: now + 5, exp: now + ttl })],
    ['nbf is as far ahead as clocks may differ', set({ nbf: now + 5 })],
    ['nbf is in the past', set({ nbf: 1 })],
    ['claims have one that nobody knows', set({ role: 'admin', scope: '*' })],
    ['sub is given twice, the last time its own', (claims) => twice(claims, '999', claims.sub)],
    ['claims have a __proto__', (claims) => JSON.stringify(claims).replace('{', '{"__proto__":{"role":"admin"},')],
    ...(kind === 'access'
      ? [['aud is a list with this service', set({ aud: [iss, 'https://a.example'] })] as Row]
      : []),
  ]
  for (const [what, change] of accepted) {
    test(`a genuine ${kind} token whose ${what} is accepted for its own person alone`, async () => {
      const someone = await service.loggedIn()
      const answer = await present(make(change(decode(someone[kind]).claims, ttl)))
      assert.equal(answer.status, 200, answer.text)
      const token = kind === 'access' ? someone.access : answer.body.access_token
      assert.equal((await service.call('GET', '/api/v1/users/me', { token })).body.email, someone.email)
      assert.equal(({} as Json).role, undefined)
    })
  }

  test(`the ${kind} token that all this was tried on is as good as before`, async () => {
    assert.equal((await present(make(claims))).status, 200)
  })
}
