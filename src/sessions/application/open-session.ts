import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Transact } from '../../kernel/transact.ts'
import { type SessionLimits, startSession } from '../domain/session.ts'
import { sanitizeUserAgent } from '../domain/user-agent.ts'
import type { TokenPair } from './issue-tokens.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly issue: (session: ReturnType<typeof startSession>, now: Date) => TokenPair
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly newSessionId: () => SessionId
  readonly limits: SessionLimits
}

/** Opens a session for a user who has proven who they are. The sessions on other devices stay as they are. */
export const openSession =
  ({ sessions, issue, audit, transact, clock, newSessionId, limits }: Deps) =>
  async (userId: UserId, caller: Caller): Promise<TokenPair> => {
    const now = clock()
    const device = { userAgent: sanitizeUserAgent(caller.userAgent), ip: caller.ip }
    const session = startSession({ id: newSessionId(), userId, ...device }, now, limits)
    await transact(async (transaction) => {
      await sessions.insert(transaction, session)
      await audit.record(transaction, { kind: 'logged_in', at: now, userId, sessionId: session.id, caller })
    })
    return issue(session, now)
  }
