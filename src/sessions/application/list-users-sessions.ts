import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Session } from '../domain/session.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: Pick<SessionStore, 'listLive'>
  readonly clock: Clock
}

/** A user's live sessions, the last used first, for who administers them. */
export const listUsersSessions =
  ({ sessions, clock }: Deps) =>
  (userId: UserId): Promise<Session[]> =>
    sessions.listLive(userId, clock())
