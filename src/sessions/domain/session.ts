import { isBefore } from '../../kernel/clock.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'

/** How often a session was refreshed: its newest refresh token bears this number, all older ones a smaller one. */
export type Generation = number

/** A login on one device, alive until it is revoked, left idle for too long, or past its absolute end. */
export interface Session {
  readonly id: SessionId
  readonly userId: UserId
  readonly generation: Generation
  readonly createdAt: Date
  /** The last refresh; before the first one, the login. */
  readonly lastUsedAt: Date
  /** When the newest refresh token expires. Never past `expiresAt`. */
  readonly idleExpiresAt: Date
  /** The absolute end, which no refresh moves. */
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  readonly userAgent: string | null
  readonly ip: string | null
}

/** Lives in whole seconds. */
export interface SessionLimits {
  readonly refreshTokenTtl: number
  readonly sessionMaxAge: number
}

/**
 * When a session that is used at `now` ends if it is not used again. Ends are whole seconds, as they are in tokens, so
 * that a token and its row always agree.
 */
export function idleEnd(now: Date, limits: SessionLimits): Date {
  return wholeSeconds(now, limits.refreshTokenTtl)
}

/** A new session of `userId`, used for the first time at `now`. */
export function startSession(
  start: Pick<Session, 'id' | 'userId' | 'userAgent' | 'ip'>,
  now: Date,
  limits: SessionLimits,
): Session {
  const expiresAt = wholeSeconds(now, limits.sessionMaxAge)
  const idle = wholeSeconds(now, Math.min(limits.refreshTokenTtl, limits.sessionMaxAge))
  return {
    ...start,
    generation: 0,
    createdAt: now,
    lastUsedAt: now,
    idleExpiresAt: idle,
    expiresAt,
    revokedAt: null,
  }
}

/** What decides whether a session is live. */
export type Lifetime = Pick<Session, 'idleExpiresAt' | 'expiresAt' | 'revokedAt'>

export function isLive(session: Lifetime, now: Date): boolean {
  const { revokedAt, idleExpiresAt, expiresAt } = session
  return revokedAt === null && isBefore(now, idleExpiresAt) && isBefore(now, expiresAt)
}

const wholeSeconds = (from: Date, later: number) => new Date((Math.floor(from.getTime() / 1000) + later) * 1000)
