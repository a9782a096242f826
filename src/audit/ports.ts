import type { Caller } from '../kernel/caller.ts'
import type { SessionId, UserId } from '../kernel/ids.ts'
import type { Transaction } from '../kernel/transact.ts'

export type AuditKind =
  | 'registered'
  | 'logged_in'
  | 'logged_out'
  | 'session_revoked'
  | 'refresh_token_reused'
  | 'password_changed'
  | 'user_disabled'
  | 'user_enabled'
  | 'key_created'
  | 'key_removed'
  | 'key_withdrawn'

/** A security event: who, what, when, and whence. */
export interface AuditEvent {
  readonly kind: AuditKind
  readonly at: Date
  /** Null where it concerns no single person. */
  readonly userId: UserId | null
  readonly sessionId: SessionId | null
  /** Null where the service itself acted. */
  readonly caller: Caller | null
  /** What else it concerns: a key's `kid`. */
  readonly subject?: string
}

/** The record of what happened. It is written in the transaction of the deed: either both are there or neither. */
export interface Audit {
  record(transaction: Transaction, event: AuditEvent): Promise<void>
}
