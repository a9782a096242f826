import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { bearerGuard, type Guard } from '../../platform/http/access-guard.ts'
import { callerOf } from '../../platform/http/caller.ts'
import { schemes } from '../../platform/http/openapi.ts'
import type { NoteRefusal } from '../application/note-refusal.ts'
import type {
  AccessClaims,
  AccessTokens,
  Bearer,
  OnRefresh,
  Reading,
  RefreshClaims,
  RefreshTokens,
} from '../application/ports.ts'

/** What a route may demand of its caller. */
export interface TokenGuards {
  /** An access token whose session is live. */
  readonly accessToken: Guard<Bearer>
  /** A genuine, unexpired refresh token; what has become of its session is for the use case to judge. */
  readonly refreshToken: Guard<RefreshClaims>
  /** Either kind, genuine and unexpired, whatever has become of its session. */
  readonly anyToken: Guard<AccessClaims>
}

interface Deps {
  readonly recognize: (token: string, caller: Caller) => Promise<Bearer>
  readonly noteRefusal: NoteRefusal
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly clock: Clock
  /** Told of the refresh tokens that come no further. */
  readonly onRefresh: OnRefresh
}

export function tokenGuards(deps: Deps): TokenGuards {
  const { recognize, noteRefusal, accessTokens, refreshTokens, clock, onRefresh } = deps
  return {
    accessToken: bearerGuard([schemes.access], (token, request) => recognize(token, callerOf(request))),
    refreshToken: bearerGuard([schemes.refresh], async (token, request) => {
      const reading = refreshTokens.read(token, clock())
      if (reading.kind !== 'live') onRefresh(reading.kind === 'expired' ? 'expired' : 'forged')
      if (reading.kind === 'expired') await noteRefusal(reading.claims, 'token_expired', callerOf(request))
      return claimsOf(reading)
    }),
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
