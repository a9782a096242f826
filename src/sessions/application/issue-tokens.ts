import { epochSeconds } from '../../kernel/clock.ts'
import type { Session } from '../domain/session.ts'
import type { AccessTokens, RefreshTokens } from './ports.ts'

/** What a login and a refresh answer (RFC 6749, section 5.1). Lives are in seconds from now. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
  readonly refreshExpiresIn: number
  readonly sessionExpiresAt: Date
}

interface Deps {
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
}

/** Both tokens of a session as it is. */
export const issueTokens =
  ({ accessTokens, refreshTokens }: Deps) =>
  (session: Session, now: Date): TokenPair => {
    const access = accessTokens.write(session, now)
    return {
      accessToken: access.token,
      refreshToken: refreshTokens.write(session),
      expiresIn: access.expiresIn,
      refreshExpiresIn: epochSeconds(session.idleExpiresAt) - epochSeconds(now),
      sessionExpiresAt: session.expiresAt,
    }
  }
