import type { JsonObject } from './json.ts'
import { TokenRefused } from './refused.ts'

/** The claims of an access token (RFC 9068, section 2.2). Times are whole seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly sub: string
  readonly client_id: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly nbf?: number
  /** The session in which the token was issued. */
  readonly sid?: string
  /** Claims beyond these are as the issuer signed them; their types are for the reader to check. */
  readonly [claim: string]: unknown
}

/** What a token must say to be accepted. */
export interface Expected {
  readonly issuer: string
  /** Any one of these is enough. */
  readonly audiences: readonly string[]
  /** By how many seconds two clocks may differ. */
  readonly clockSkew: number
  /** The longest life, in seconds, that the issuer ever gives. */
  readonly longestLife: number
}

/**
 * Judges verified claims at `now`, in seconds since the epoch.
 *
 * @throws TokenRefused
 */
export function judgeClaims(claims: JsonObject, expected: Expected, now: number): AccessTokenClaims {
  const { iss, aud, sub, client_id, jti, sid = jti, iat, exp, nbf = iat } = claims
  if (iss !== expected.issuer) throw new TokenRefused('wrong_issuer')
  const audiences = Array.isArray(aud) ? aud : [aud]
  if (!audiences.every(isText)) throw new TokenRefused('invalid_claims')
  if (!audiences.some((one) => expected.audiences.includes(one))) throw new TokenRefused('wrong_audience')

  if (![sub, client_id, jti, sid].every(isText)) throw new TokenRefused('invalid_claims')
  if (!isSecond(iat) || !isSecond(exp) || !isSecond(nbf)) throw new TokenRefused('invalid_claims')
  if (exp <= iat || exp - iat > expected.longestLife) throw new TokenRefused('invalid_claims')
  if (Math.max(iat, nbf) > now + expected.clockSkew) throw new TokenRefused('not_yet_valid')
  if (exp + expected.clockSkew <= now) throw new TokenRefused('expired')
  return claims as AccessTokenClaims
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isSecond = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
