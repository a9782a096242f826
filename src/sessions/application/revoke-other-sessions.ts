import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { AccessClaims, SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/** Ends all of the person's sessions but the one that asks. */
export const revokeOtherSessions =
  ({ sessions, audit, transact, clock }: Deps) =>
  async ({ userId, sessionId }: AccessClaims, caller: Caller): Promise<void> => {
    const now = clock()
    await transact(async (transaction) => {
      const revoked = await sessions.revoke(transaction, userId, { allBut: sessionId }, now)
      for (const ended of revoked) {
        await audit.record(transaction, { kind: 'session_revoked', at: now, userId, sessionId: ended, caller })
      }
    })
  }
