import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { epochSeconds } from '../../src/kernel/clock.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { KeyRing } from '../../src/keys/application/ports.ts'
import { cryptoKeyMaker } from '../../src/keys/infrastructure/key-maker.crypto.ts'
import { tokenSignerJws } from '../../src/keys/infrastructure/token-signer.jws.ts'
import type { Session } from '../../src/sessions/domain/session.ts'
import { accessTokenJwt } from '../../src/sessions/infrastructure/access-token.jwt.ts'
import { refreshTokenJwt } from '../../src/sessions/infrastructure/refresh-token.jwt.ts'
import { compact, decode, hs256, type Json, type Sign } from '../support/forge.ts'

// What reads both kinds of token in the service, under keys that are in the test's hands. A token that is made anew with
// them is accepted, so what is refused here is refused for what it says.

const moment = new Date('2026-11-22T12:00:00.000Z')
const later = (seconds: number) => new Date(moment.getTime() + seconds * 1000)

export const now = epochSeconds(moment)
export const issuer = 'https://auth.example.com'
export const publicJwk = await cryptoKeyMaker.generate('ES256')
/** PKCS#8, DER. */
export const privateKey = publicJwk.privateKey

const key = cryptoKeyMaker.load({ ...publicJwk, createdAt: moment, activatesAt: moment, retiresAt: null }, privateKey)
const ring: KeyRing = { keys: () => [key], loadedAt: () => moment, reload: async () => undefined }
const signer = tokenSignerJws({ ring, clock: () => moment, tail: 65 })
const secret = randomBytes(32)
const accessTokens = accessTokenJwt({ signer, issuer, ttl: 60 })
const refreshTokens = refreshTokenJwt({ key: new Secret(secret), previousKey: null, issuer, ttl: 300 })

const session: Session = {
  id: '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId,
  userId: 7 as UserId,
  generation: 3,
  createdAt: moment,
  lastUsedAt: moment,
  idleExpiresAt: later(300),
  expiresAt: later(86_400),
  revokedAt: null,
  userAgent: null,
  ip: null,
}

export const access = accessTokens.write(session, moment).token
export const refresh = refreshTokens.write(session)
export const readAccess = async (token: string) => (await accessTokens.read(token, moment)).kind
export const readRefresh = (token: string) => refreshTokens.read(token, moment).kind

export const sign: Sign = (input) => key.sign(input)
export const mac = hs256(secret)
export const { header, claims } = decode(access)

/** The access token and the refresh token with other claims and a genuine signature. */
export const genuine = (changes: Json) => {
  const own = decode(refresh)
  return {
    access: compact(header, { ...claims, ...changes }, sign),
    refresh: compact(own.header, { ...own.claims, ...changes }, mac),
  }
}
assert.deepEqual([await readAccess(genuine({}).access), readRefresh(genuine({}).refresh)], ['live', 'live'])

/** Presents each where an access token and where a refresh token belongs. */
export async function assertInvalid(tokens: readonly string[]): Promise<void> {
  for (const token of tokens)
    assert.deepEqual([await readAccess(token), readRefresh(token)], ['invalid', 'invalid'], token)
}
