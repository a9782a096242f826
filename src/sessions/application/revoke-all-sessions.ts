import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly audit: Audit
}

export type RevokeSessions = ReturnType<typeof revokeAllSessions>

/** Ends all sessions of a user, `but` one if there is one, inside the transaction of the deed that makes it necessary. */
export const revokeAllSessions =
  ({ sessions, audit }: Deps) =>
  async (
    transaction: Transaction,
    { userId, but, now, caller }: { userId: UserId; but: SessionId | null; now: Date; caller: Caller | null },
  ): Promise<void> => {
    const revoked = await sessions.revoke(transaction, userId, { allBut: but }, now)
    const event = { kind: 'session_revoked', at: now, userId, caller } as const
    await audit.record(
      transaction,
      revoked.map((sessionId) => ({ ...event, sessionId })),
    )
  }
