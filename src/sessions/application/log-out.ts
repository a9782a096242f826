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

/** Ends the session that a token belongs to. One that has ended already stays as it is, and that is no error. */
export const logOut =
  ({ sessions, audit, transact, clock }: Deps) =>
  async ({ userId, sessionId }: AccessClaims, caller: Caller): Promise<void> => {
    const now = clock()
    await transact(async (transaction) => {
      const revoked = await sessions.revoke(transaction, userId, { only: sessionId }, now)
      if (revoked.length > 0) {
        await audit.record(transaction, { kind: 'logged_out', at: now, userId, sessionId, caller })
      }
    })
  }
