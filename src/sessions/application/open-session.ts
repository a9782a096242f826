import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Transact } from '../../kernel/transact.ts'
import { sanitizeUserAgent } from '../../kernel/user-agent.ts'
import { type SessionLimits, startSession } from '../domain/session.ts'
import type { TokenPair } from './issue-tokens.ts'
import type { SessionStore } from './ports.ts'

/** A user who has proven who they are, and when that was in the life of their account. */
export interface Proven {
  readonly userId: UserId
  /** Counts the changes after which no earlier proof of identity opens a session. */
  readonly epoch: number
}

interface Deps {
  readonly sessions: SessionStore
  readonly issue: (session: ReturnType<typeof startSession>, now: Date) => TokenPair
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly newSessionId: () => SessionId
  readonly limits: SessionLimits
  /** Asked anew at each login. */
  readonly maxSessionsPerUser: () => number
}

/**
 * Opens a session for a user who has proven who they are. The sessions on other devices stay as they are, up to the
 * bound: beyond it the longest unused end.
 *
 * @param who the user, and the epoch of their account in which they proved it.
 * @returns null when that epoch is over: the password was changed or the account disabled meanwhile.
 */
export const openSession =
  ({ sessions, issue, audit, transact, clock, newSessionId, limits, maxSessionsPerUser }: Deps) =>
  async ({ userId, epoch }: Proven, caller: Caller): Promise<TokenPair | null> => {
    const now = clock()
    const device = { userAgent: sanitizeUserAgent(caller.userAgent), ip: caller.ip }
    const session = startSession({ id: newSessionId(), userId, ...device }, now, limits)
    const opened = await transact(async (transaction) => {
      if (!(await sessions.insert(transaction, session, epoch))) return false
      const spared = { allBut: session.id, spare: maxSessionsPerUser() - 1 }
      const surplus = await sessions.revoke(transaction, userId, spared, now)
      await audit.record(transaction, [
        { kind: 'logged_in', at: now, userId, sessionId: session.id, caller },
        ...surplus.map((sessionId) => ({ kind: 'session_revoked', at: now, userId, sessionId, caller }) as const),
      ])
      return true
    })
    return opened ? issue(session, now) : null
  }
