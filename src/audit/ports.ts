import type { Caller } from '../kernel/caller.ts'
import type { SessionId, UserId } from '../kernel/ids.ts'
import type { Transaction } from '../kernel/transact.ts'

export type AuditKind = 'registered' | 'logged_in' | 'logged_out' | 'session_revoked' | 'refresh_token_reused'

/** A security event: who, what, when, and whence. */
export interface AuditEvent {
  readonly kind: AuditKind
  readonly at: Date
  readonly userId: UserId
  readonly sessionId: SessionId | null
  readonly caller: Caller
}

/** The record of what happened. It is written in the transaction of the deed: either both are there or neither. */
export interface Audit {
  record(transaction: Transaction, event: AuditEvent): Promise<void>
}
