import { randomUUID } from 'node:crypto'
import { epochSeconds } from '../../kernel/clock.ts'
import { parseSessionId, parseUserId } from '../../kernel/ids.ts'
import type { TokenSigner } from '../../keys/index.ts'
import { type Claims, judgeTimes } from '../../platform/jwt/compact.ts'
import type { AccessClaims, AccessTokens, Reading } from '../application/ports.ts'

interface Options {
  readonly signer: TokenSigner
  readonly issuer: string
  /** The longest life, in seconds. */
  readonly ttl: number
}

/** What a login of our own is called as a client (RFC 9068, section 2.2). */
const clientId = 'latchkey'
const typ = 'at+jwt'

/** Access tokens: JWTs by RFC 9068, which anyone verifies with the JWKS alone. */
export function accessTokenJwt({ signer, issuer, ttl }: Options): AccessTokens {
  function understand(claims: Claims | null, now: Date): Reading<AccessClaims> {
    if (!claims || claims.iss !== issuer || !isFor(issuer, claims.aud)) return { kind: 'invalid' }
    if (typeof claims.jti !== 'string' || typeof claims.client_id !== 'string') return { kind: 'invalid' }
    const [userId, sessionId] = [parseUserId(claims.sub), parseSessionId(claims.sid)]
    if (userId === null || sessionId === null) return { kind: 'invalid' }
    const times = judgeTimes(claims, epochSeconds(now), ttl)
    return times === 'invalid' ? { kind: times } : { kind: times, claims: { userId, sessionId } }
  }

  return {
    write(session, now) {
      const iat = epochSeconds(now)
      const exp = Math.min(iat + ttl, epochSeconds(session.expiresAt))
      const token = signer.sign(typ, {
        iss: issuer,
        aud: issuer,
        sub: String(session.userId),
        client_id: clientId,
        iat,
        exp,
        jti: randomUUID(),
        sid: session.id,
      })
      return { token, expiresIn: exp - iat }
    },

    read(token, now) {
      const claims = signer.verify(typ, token)
      return claims instanceof Promise ? claims.then((found) => understand(found, now)) : understand(claims, now)
    },
  }
}

/** `aud` is one string or a list of strings (RFC 7519, section 4.1.3). */
const isFor = (audience: string, aud: unknown): boolean =>
  aud === audience || (Array.isArray(aud) && aud.every((one) => typeof one === 'string') && aud.includes(audience))
