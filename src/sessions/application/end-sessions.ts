import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: Pick<SessionStore, 'findOwnership' | 'revoke'>
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/** One session, whosever it is; or all of a user. */
export type Ended = { readonly sessionId: SessionId } | { readonly userId: UserId }

/**
 * Ends sessions in somebody's place; answers those that were live. A user without any is no error.
 *
 * @throws Refusal not_found when the one session that is meant is not live.
 */
export const endSessions =
  ({ sessions, audit, transact, clock }: Deps) =>
  async (which: Ended, operator: Caller): Promise<SessionId[]> => {
    const one = 'sessionId' in which ? await sessions.findOwnership(which.sessionId) : null
    const userId = 'userId' in which ? which.userId : one?.userId
    const ended = userId === undefined ? [] : await end(userId)
    if ('sessionId' in which && ended.length === 0) {
      throw new Refusal('not_found', { because: 'no live session has this id' })
    }
    return ended

    function end(userId: UserId): Promise<SessionId[]> {
      const now = clock()
      return transact(async (transaction) => {
        const named = 'sessionId' in which ? { only: which.sessionId } : { allBut: null }
        const revoked = await sessions.revoke(transaction, userId, named, now)
        const event = { kind: 'session_revoked', at: now, userId, caller: operator, byOperator: true } as const
        await audit.record(
          transaction,
          revoked.map((sessionId) => ({ ...event, sessionId })),
        )
        return revoked
      })
    }
  }
