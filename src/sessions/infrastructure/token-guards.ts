import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { bearerGuard, type Guard } from '../../platform/http/access-guard.ts'
import { schemes } from '../../platform/http/openapi.ts'
import type { AccessClaims, AccessTokens, Reading, RefreshClaims, RefreshTokens } from '../application/ports.ts'

/** What a route may demand of its caller. */
export interface TokenGuards {
  /** An access token whose session is live. */
  readonly accessToken: Guard<AccessClaims>
  /** A genuine, unexpired refresh token; what has become of its session is for the use case to judge. */
  readonly refreshToken: Guard<RefreshClaims>
  /** Either kind, genuine and unexpired, whatever has become of its session. */
  readonly anyToken: Guard<AccessClaims>
}

interface Deps {
  readonly recognize: (token: string) => Promise<AccessClaims>
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly clock: Clock
}

export function tokenGuards({ recognize, accessTokens, refreshTokens, clock }: Deps): TokenGuards {
  return {
    accessToken: bearerGuard([schemes.access], recognize),
    refreshToken: bearerGuard([schemes.refresh], async (token) => claimsOf(refreshTokens.read(token, clock()))),
    anyToken: bearerGuard([schemes.refresh, schemes.access], async (token) => {
      const now = clock()
      const refresh = refreshTokens.read(token, now)
      return claimsOf(refresh.kind === 'invalid' ? await accessTokens.read(token, now) : refresh)
    }),
  }
}

function claimsOf<T>(reading: Reading<T>): T {
  if (reading.kind === 'live') return reading.claims
  throw new Refusal(reading.kind === 'expired' ? 'token_expired' : 'invalid_token', {
    because: 'forged or another kind',
  })
}
