import type { SessionId, UserId } from '../../../src/kernel/ids.ts'
import type { Session } from '../../../src/sessions/domain/session.ts'

/** `12:00:00` of one and the same day, and so many seconds later. */
export const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 22, 12) + seconds * 1000)

/** A session that was opened at 0 and refreshed for the fifth time at 100; idle until 400, over at 1000. */
export const session: Session = {
  id: '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId,
  userId: 1 as UserId,
  generation: 5,
  createdAt: at(0),
  lastUsedAt: at(100),
  idleExpiresAt: at(400),
  expiresAt: at(1000),
  revokedAt: null,
  userAgent: null,
  ip: null,
}
