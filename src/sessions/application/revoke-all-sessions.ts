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

interface Deed {
  readonly userId: UserId
  readonly but: SessionId | null
  readonly now: Date
  readonly caller: Caller | null
  /** Whether the caller is an operator, and not the person. */
  readonly byOperator?: true
}

/** Ends all sessions of a user, `but` one if there is one, inside the transaction of the deed that makes it necessary. */
export const revokeAllSessions =
  ({ sessions, audit }: Deps) =>
  async (transaction: Transaction, { userId, but, now, ...by }: Deed): Promise<void> => {
    const revoked = await sessions.revoke(transaction, userId, { allBut: but }, now)
    const event = { kind: 'session_revoked', at: now, userId, ...by } as const
    await audit.record(
      transaction,
      revoked.map((sessionId) => ({ ...event, sessionId })),
    )
  }
