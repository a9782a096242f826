import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { epochSeconds } from '../../kernel/clock.ts'
import { parseSessionId, parseUserId } from '../../kernel/ids.ts'
import type { Secret } from '../../kernel/secret.ts'
import { decodeClaims, encodePart, judgeTimes, splitCompact } from '../../platform/jwt/compact.ts'
import type { RefreshTokens } from '../application/ports.ts'

interface Options {
  readonly key: Secret<Buffer>
  /** The key before it, whose tokens are still read. */
  readonly previousKey: Secret<Buffer> | null
  readonly issuer: string
  /** The longest life, in seconds. */
  readonly ttl: number
}

const header = encodePart({ alg: 'HS256', typ: 'rt+jwt' })

/**
 * Refresh tokens: JWTs under a MAC (HS256, RFC 7518, section 3.2) whose key only the service has, for nobody else has
 * to verify them. A token follows from its session's row alone, so the same row gives the same bytes, and a forged one
 * is refused before the database is asked.
 */
export function refreshTokenJwt({ key, previousKey, issuer, ttl }: Options): RefreshTokens {
  // As a KeyObject, which Node need not copy and check at each MAC, and which no log prints.
  const keys = [key, previousKey].filter((secret) => secret !== null).map((secret) => createSecretKey(secret.reveal()))
  const [ownKey] = keys as [KeyObject, ...KeyObject[]]
  // As text, for a buffer of its own costs Node as much again as the MAC.
  const mac = (secret: KeyObject, input: string) => createHmac('sha256', secret).update(input).digest('base64url')

  return {
    write(session) {
      const claims = {
        iss: issuer,
        aud: issuer,
        sub: String(session.userId),
        sid: session.id,
        gen: session.generation,
        iat: epochSeconds(session.lastUsedAt),
        exp: epochSeconds(session.idleExpiresAt),
      }
      const input = `${header}.${encodePart(claims)}`
      return `${input}.${mac(ownKey, input)}`
    },

    read(token, now) {
      const parts = splitCompact(token)
      if (!parts || parts.header !== header || parts.signature.length !== 32) return { kind: 'invalid' }
      const { signingInput, signature } = parts
      const isUnder = (one: KeyObject) => timingSafeEqual(Buffer.from(mac(one, signingInput), 'base64url'), signature)
      if (!keys.some(isUnder)) return { kind: 'invalid' }
      const claims = decodeClaims(parts.payload)
      if (!claims || claims.iss !== issuer || claims.aud !== issuer) return { kind: 'invalid' }
      const [userId, sessionId, generation] = [parseUserId(claims.sub), parseSessionId(claims.sid), claims.gen]
      if (userId === null || sessionId === null || !isGeneration(generation)) return { kind: 'invalid' }
      const times = judgeTimes(claims, epochSeconds(now), ttl)
      return times === 'invalid' ? { kind: times } : { kind: times, claims: { userId, sessionId, generation } }
    },
  }
}

const isGeneration = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2_147_483_647
