import type { Clock } from '../../kernel/clock.ts'
import type { Session } from '../domain/session.ts'
import type { AccessClaims, SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly clock: Clock
}

/** The person's live sessions, the last used first; `current` marks the one that asks. */
export const listSessions =
  ({ sessions, clock }: Deps) =>
  async ({ userId, sessionId }: AccessClaims): Promise<(Session & { current: boolean })[]> => {
    const live = await sessions.listLive(userId, clock())
    return live.map((session) => ({ ...session, current: session.id === sessionId }))
  }
