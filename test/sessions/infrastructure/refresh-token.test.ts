import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Secret } from '../../../src/kernel/secret.ts'
import { refreshTokenJwt } from '../../../src/sessions/infrastructure/refresh-token.jwt.ts'
import { compact, decode, hs256 } from '../../support/forge.ts'
import { at, session } from '../domain/sample.ts'

const issuer = 'https://id.example'
const ours = Buffer.alloc(32, 1)
const former = Buffer.alloc(32, 2)
const tokens = (key: Buffer, previous: Buffer | null = null) =>
  refreshTokenJwt({ key: new Secret(key), previousKey: previous && new Secret(previous), issuer, ttl: 300 })

const header = { alg: 'HS256', typ: 'rt+jwt' }
const [iat, exp] = [at(100), at(400)].map((moment) => moment.getTime() / 1000)
const claims = { iss: issuer, aud: issuer, sub: '1', sid: session.id, gen: 5, iat, exp }
const read = { userId: 1, sessionId: session.id, generation: 5 }
const forged = (change: object, key = ours) => compact(header, { ...claims, ...change }, hs256(key))

describe('a refresh token', () => {
  it('says whose it is, of which session and generation, from its last use to its idle end', () => {
    const token = decode(tokens(ours).write(session))
    assert.deepEqual([token.header, token.claims], [header, claims])
  })

  it('is the same, byte for byte, each time that it is written', () => {
    assert.equal(tokens(ours).write(session), forged({}))
  })

  it('is live until the second of its end, and expired from then on', () => {
    const token = tokens(ours).write(session)
    assert.deepEqual(tokens(ours).read(token, at(399.999)), { kind: 'live', claims: read })
    assert.deepEqual(tokens(ours).read(token, at(400)), { kind: 'expired', claims: read })
  })

  it('is written with the present key and read with the previous one too', () => {
    assert.equal(tokens(ours, former).write(session), forged({}, ours))
    assert.equal(tokens(ours, former).read(forged({}, former), at(200)).kind, 'live')
    assert.equal(tokens(ours, former).read(forged({}, ours), at(200)).kind, 'live')
    assert.equal(tokens(ours).read(forged({}, former), at(200)).kind, 'invalid')
  })
})

describe('the generation in a refresh token', () => {
  for (const gen of [0, 1, 2_147_483_647]) {
    it(`may be ${gen}`, () => {
      assert.deepEqual(tokens(ours).read(forged({ gen }), at(200)), {
        kind: 'live',
        claims: { ...read, generation: gen },
      })
    })
  }
  for (const gen of [-1, 1.5, 2_147_483_648, '5', null, [5], undefined]) {
    it(`is never ${JSON.stringify(gen)}`, () =>
      assert.equal(tokens(ours).read(forged({ gen }), at(200)).kind, 'invalid'))
  }
})

const good = forged({})
const [first, second] = good.split('.')
const invalid: [what: string, token: string][] = [
  ['nothing', ''],
  ['no token', 'text'],
  ['another key', forged({}, Buffer.alloc(32, 3))],
  ['another type in its header', compact({ alg: 'HS256', typ: 'at+jwt' }, claims, hs256(ours))],
  ['the same header in another order', compact({ typ: 'rt+jwt', alg: 'HS256' }, claims, hs256(ours))],
  ['no signature', `${first}.${second}.`],
  ['half a signature', compact(header, claims, (input) => hs256(ours)(input).subarray(0, 16))],
  ['more than a signature', compact(header, claims, (input) => Buffer.concat([hs256(ours)(input), Buffer.alloc(1)]))],
  ['what is no JSON', compact(header, 'text', hs256(ours))],
  ['another issuer', forged({ iss: 'https://other.example' })],
  ['another audience', forged({ aud: 'https://other.example' })],
  ['several audiences', forged({ aud: [issuer] })],
  ['no user', forged({ sub: undefined })],
  ['a user as a number', forged({ sub: 1 })],
  ['no session', forged({ sid: undefined })],
  ['a session that is no UUID', forged({ sid: 'text' })],
  ['a life that is too long', forged({ exp: (iat ?? 0) + 301 })],
  ['a start far ahead', forged({ iat: (iat ?? 0) + 200, exp: (iat ?? 0) + 300 })],
]
describe('what is no refresh token of ours', () => {
  for (const [what, token] of invalid) {
    it(`is invalid: ${what}`, () => assert.deepEqual(tokens(ours, former).read(token, at(200)), { kind: 'invalid' }))
  }
})
