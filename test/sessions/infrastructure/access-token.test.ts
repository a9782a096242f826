import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TokenSigner } from '../../../src/keys/index.ts'
import { accessTokenJwt } from '../../../src/sessions/infrastructure/access-token.jwt.ts'
import { at, session } from '../domain/sample.ts'

const issuer = 'https://id.example'

/** Signs nothing: a token is the JSON of its type and its claims. */
const signer: TokenSigner = {
  sign: (typ, claims) => JSON.stringify([typ, claims]),
  async verify(typ, token) {
    const [said, claims] = JSON.parse(token)
    return said === typ ? claims : null
  },
}
const tokens = accessTokenJwt({ signer, issuer, ttl: 60 })
const written = (now: Date) => {
  const { token, expiresIn } = tokens.write(session, now)
  const [typ, claims] = JSON.parse(token)
  return { token, expiresIn, typ, claims }
}
const seconds = (moment: Date) => Math.floor(moment.getTime() / 1000)

describe('an access token', () => {
  it('is of the type and has the claims of RFC 9068, and the session', () => {
    const { typ, claims } = written(at(200))
    const { jti, ...others } = claims
    assert.equal(typ, 'at+jwt')
    assert.match(jti, /^[0-9a-f-]{36}$/)
    assert.deepEqual(others, {
      iss: issuer,
      aud: issuer,
      sub: '1',
      client_id: 'latchkey',
      iat: seconds(at(200)),
      exp: seconds(at(260)),
      sid: session.id,
    })
  })

  it('never has the same jti as another', () => {
    assert.notEqual(written(at(200)).claims.jti, written(at(200)).claims.jti)
  })

  it('says in whole seconds how long it lives, and ends with the session at the latest', () => {
    assert.equal(written(at(200.9)).expiresIn, 60)
    const last = written(at(970))
    assert.deepEqual([last.expiresIn, last.claims.exp], [30, seconds(session.expiresAt)])
  })

  it('is read as it was written, live until the second of its end, and expired from then on', async () => {
    const { token } = written(at(200))
    const claims = { userId: 1, sessionId: session.id }
    assert.deepEqual(await tokens.read(token, at(259.999)), { kind: 'live', claims })
    assert.deepEqual(await tokens.read(token, at(260)), { kind: 'expired', claims })
  })
})

const changed = (change: object) => {
  const { typ, claims } = written(at(200))
  return JSON.stringify([typ, { ...claims, ...change }])
}

describe('the audience of an access token', () => {
  const table: [what: string, aud: unknown, kind: 'live' | 'invalid'][] = [
    ['this service', issuer, 'live'],
    ['a list of this service alone', [issuer], 'live'],
    ['a list with this service', ['https://other.example', issuer], 'live'],
    ['another service', 'https://other.example', 'invalid'],
    ['a list of others', ['https://other.example'], 'invalid'],
    ['an empty list', [], 'invalid'],
    ['a list with what is no text', [issuer, 1], 'invalid'],
    ['an object', { includes: issuer }, 'invalid'],
    ['a text that contains it', `${issuer}.example`, 'invalid'],
    ['nobody', undefined, 'invalid'],
  ]
  for (const [what, aud, kind] of table) {
    it(`${what}: ${kind}`, async () => assert.equal((await tokens.read(changed({ aud }), at(201))).kind, kind))
  }
})

describe('what is no access token of ours', () => {
  const table: [what: string, token: string][] = [
    ['another type', JSON.stringify(['rt+jwt', JSON.parse(written(at(200)).token)[1]])],
    ['another issuer', changed({ iss: 'https://other.example' })],
    ['no jti', changed({ jti: undefined })],
    ['a jti that is no text', changed({ jti: 1 })],
    ['no client', changed({ client_id: undefined })],
    ['a client that is no text', changed({ client_id: 1 })],
    ['a user as a number', changed({ sub: 1 })],
    ['no session', changed({ sid: undefined })],
    ['a life that is too long', changed({ exp: seconds(at(261)) })],
    ['a start far ahead', changed({ iat: seconds(at(210)) })],
  ]
  for (const [what, token] of table) {
    it(`is invalid: ${what}`, async () => assert.deepEqual(await tokens.read(token, at(201)), { kind: 'invalid' }))
  }
})
