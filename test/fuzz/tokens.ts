import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { epochSeconds } from '../../src/kernel/clock.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { KeyRing } from '../../src/keys/application/ports.ts'
import { cryptoKeyMaker } from '../../src/keys/infrastructure/key-maker.crypto.ts'
import { tokenSignerJws } from '../../src/keys/infrastructure/token-signer.jws.ts'
import { aesGcmVault } from '../../src/keys/infrastructure/vault.aes-gcm.ts'
import { bearerGuard } from '../../src/platform/http/access-guard.ts'
import { clockSkew, decodeClaims, encodePart, splitCompact } from '../../src/platform/jwt/compact.ts'
import type { Session } from '../../src/sessions/domain/session.ts'
import { accessTokenJwt } from '../../src/sessions/infrastructure/access-token.jwt.ts'
import { refreshTokenJwt } from '../../src/sessions/infrastructure/refresh-token.jwt.ts'
import { splitCompact as splitInKit } from '../../src/verify/compact.ts'
import { bearerToken, TokenRefused } from '../../src/verify/index.ts'
import { part } from '../support/forge.ts'
import { jsonText, mutated, near, nearObject, nearTo, wild } from './mutate.ts'
import { type Property, property } from './property.ts'

const now = new Date('2026-11-22T12:00:00.000Z')
const seconds = epochSeconds(now)
const later = (by: number) => new Date(now.getTime() + by * 1000)
const issuer = 'https://auth.example.com'
const ttl = 300

const made = await cryptoKeyMaker.generate('ES256')
const key = cryptoKeyMaker.load({ ...made, createdAt: now, activatesAt: now, retiresAt: null }, made.privateKey)
const ring: KeyRing = { keys: () => [key], loadedAt: () => now, reload: async () => undefined }
const signer = tokenSignerJws({ ring, clock: () => now, tail: 65 })
const macKey = randomBytes(32)
const accessTokens = accessTokenJwt({ signer, issuer, ttl })
const refreshTokens = refreshTokenJwt({ key: new Secret(macKey), previousKey: null, issuer, ttl })

const session: Session = {
  id: '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId,
  userId: 42 as UserId,
  generation: 3,
  createdAt: now,
  lastUsedAt: now,
  idleExpiresAt: later(ttl),
  expiresAt: later(86_400),
  revokedAt: null,
  userAgent: null,
  ip: null,
}
const access = accessTokens.write(session, now).token
const refresh = refreshTokens.write(session)
const claimsOf = (token: string) => decodeClaims(token.split('.')[1] ?? '') ?? {}

/** Changes in the token's text, and in the text that a part of it stands for. */
const tokenNear = (...tokens: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    near(...tokens),
    // The last character of a part may hold bits that stand for nothing.
    fc
      .tuple(fc.constantFrom(...tokens), fc.nat(2), fc.constantFrom(...'ABCDQRZagw0189-_'))
      .map(([token, index, last]) => {
        const parts = token.split('.')
        return parts.with(index, `${(parts[index] ?? '').slice(0, -1)}${last}`).join('.')
      }),
    fc.tuple(fc.constantFrom(...tokens), fc.nat(2)).chain(([token, index]) => {
      const parts = token.split('.')
      const text = Buffer.from(parts[index] ?? '', 'base64url').toString('latin1')
      return mutated(fc.constant(text), 2).map((changed) => {
        const bytes = Buffer.from(changed, 'latin1')
        return parts.with(index, bytes.toString('base64url')).join('.')
      })
    }),
  )

const signed = (payload: string) => {
  const input = `${access.split('.')[0]}.${part(payload)}`
  return `${input}.${key.sign(input).toString('base64url')}`
}
const maced = (payload: string) => {
  const input = `${refresh.split('.')[0]}.${part(payload)}`
  return `${input}.${createHmac('sha256', macKey).update(input).digest('base64url')}`
}

const isSecond = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 53

/** RFC 7519's times as the service promises them, said once more: whole, in order, no longer than the longest life. */
function assertTimes({ iat, exp, nbf = iat }: Record<string, unknown>, kind: string): void {
  assert.ok(isSecond(iat) && isSecond(exp) && isSecond(nbf))
  assert.ok(exp > iat && exp - iat <= ttl && iat <= seconds + clockSkew && nbf <= seconds + clockSkew)
  assert.equal(kind, exp > seconds ? 'live' : 'expired')
}

export const tokens: readonly Property[] = [
  property(
    'a token that is taken apart is the one text of its parts',
    tokenNear(access, refresh),
    (token) => {
      const parts = splitCompact(token)
      if (!parts) return
      const again = [parts.header, parts.payload].map((one) => Buffer.from(one, 'base64url').toString('base64url'))
      assert.equal([...again, parts.signature.toString('base64url')].join('.'), token)
      assert.equal(`${parts.header}.${parts.payload}`, parts.signingInput)
      assert.ok(token.length <= 4096)
    },
    2000,
  ),

  property(
    'the verify kit takes apart no token that the service would not, and into the same bytes',
    tokenNear(access, refresh),
    (token) => {
      try {
        const { payload, signed, signature } = splitInKit(token, 'at+jwt')
        const parts = splitCompact(token)
        assert.ok(parts, 'the service refuses it')
        assert.equal(Buffer.from(payload).toString('base64url'), parts.payload)
        assert.equal(Buffer.from(signed).toString(), parts.signingInput)
        assert.deepEqual(Buffer.from(signature), parts.signature)
      } catch (error) {
        assert.ok(error instanceof TokenRefused, `${error}`)
        assert.ok(['malformed', 'wrong_type'].includes(error.code))
        assert.equal(error.cause, undefined)
      }
    },
    2000,
  ),

  property(
    'claims are an object or nothing, and what was read reads the same when it is written again',
    fc.oneof(jsonText, nearObject(claimsOf(access)), nearTo(fc.constant(JSON.stringify(claimsOf(access))))),
    (text) => {
      const claims = decodeClaims(part(text))
      if (claims === null) return
      assert.equal(Object.getPrototypeOf(claims), Object.prototype)
      assert.deepEqual(decodeClaims(encodePart(claims)), JSON.parse(JSON.stringify(claims)))
    },
    1000,
  ),

  property(
    'no text but the one that was issued is a live access token',
    tokenNear(access),
    async (token) => {
      const reading = await accessTokens.read(token, now)
      assert.equal(reading.kind, token === access ? 'live' : 'invalid')
    },
    400,
  ),

  property(
    'an access token under the right key is judged by its claims alone',
    nearObject(claimsOf(access)),
    async (text) => {
      const reading = await accessTokens.read(signed(text), now)
      assert.ok(['live', 'expired', 'invalid'].includes(reading.kind))
      if (reading.kind === 'invalid') return
      const claims = JSON.parse(text)
      assertTimes(claims, reading.kind)
      assert.deepEqual([claims.iss, [claims.aud].flat().includes(issuer)], [issuer, true])
      assert.deepEqual([claims.sub, claims.sid], [String(reading.claims.userId), reading.claims.sessionId])
      assert.ok([claims.jti, claims.client_id].every((one) => typeof one === 'string'))
    },
    600,
  ),

  property(
    'a header that is not, byte for byte, one that our keys write is refused, whatever signed it',
    fc.oneof(
      nearObject({ alg: 'ES256', typ: 'at+jwt', kid: key.kid }),
      near(`{"alg":"ES256","typ":"at+jwt","kid":"${key.kid}"}`, '{"alg":"none","typ":"at+jwt"}'),
    ),
    async (header) => {
      const input = `${part(header)}.${access.split('.')[1]}`
      const token = `${input}.${key.sign(input).toString('base64url')}`
      const claims = await signer.verify('at+jwt', token)
      assert.equal(claims !== null, part(header) === access.split('.')[0])
    },
    200,
  ),

  property(
    'no text but the one that was issued is a live refresh token',
    tokenNear(refresh),
    (token) => assert.equal(refreshTokens.read(token, now).kind, token === refresh ? 'live' : 'invalid'),
    2000,
  ),

  property(
    'a refresh token under the right key is judged by its claims alone',
    nearObject(claimsOf(refresh)),
    (text) => {
      const reading = refreshTokens.read(maced(text), now)
      if (reading.kind === 'invalid') return
      const claims = JSON.parse(text)
      assertTimes(claims, reading.kind)
      const { userId, sessionId, generation } = reading.claims
      assert.deepEqual(
        [claims.iss, claims.aud, claims.sub, claims.sid, claims.gen],
        [issuer, issuer, String(userId), sessionId, generation],
      )
      assert.ok(Number.isInteger(generation) && generation >= 0 && generation < 2 ** 31)
    },
    2000,
  ),

  property(
    'an Authorization header holds one Bearer token or none, for the service as for the verify kit',
    fc.array(fc.oneof({ weight: 9, arbitrary: near(`Bearer ${refresh}`, 'bearer abc', 'Basic dTpw') }, wild), {
      minLength: 1,
      maxLength: 2,
    }),
    async (headers) => {
      let heard: string | null = null
      const guard = bearerGuard(['a'], async (token) => {
        heard = token
      })
      const request = { raw: { rawHeaders: headers.flatMap((value) => ['Authorization', value]) } } as never
      const refused = await guard.check(request).then(
        () => null,
        (error) => error.code,
      )
      assert.equal(refused, heard === null ? 'invalid_token' : null)
      const [header = ''] = headers
      if (headers.length > 1) return assert.equal(heard, null)
      assert.equal(heard, bearerToken(header))
      if (heard !== null) assert.equal(header.toLowerCase(), `bearer ${heard}`.toLowerCase())
    },
    2000,
  ),

  property(
    'what was sealed opens only as it was sealed',
    fc.record({
      at: fc.nat(200),
      bit: fc.nat(7),
      cut: fc.nat(100),
      more: fc.string({ unit: 'binary', maxLength: 20 }),
    }),
    ({ at, bit, cut, more }) => {
      const sealed = vault.seal(secret, 'kid')
      const altered = Buffer.from(sealed)
      if (at < altered.length) altered.writeUInt8(altered.readUInt8(at) ^ (1 << bit), at)
      for (const other of [
        altered,
        sealed.subarray(0, cut),
        Buffer.concat([sealed, Buffer.from(more)]),
        Buffer.from(more),
      ]) {
        const opened = vault.open(other, 'kid')
        assert.deepEqual(opened, other.equals(sealed) ? secret : null)
        assert.equal(typeof vault.isCurrent(other), 'boolean')
      }
      assert.equal(vault.open(sealed, `kid${more}`) === null, more !== '')
    },
    300,
  ),
]

const vault = aesGcmVault(new Secret(randomBytes(32)))
const secret = Buffer.from('the private half of a key')
