import type { Caller } from '../../kernel/caller.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'

export type AuditKind =
  | 'registered'
  | 'registration_refused'
  | 'logged_in'
  | 'login_failed'
  | 'logged_out'
  | 'session_revoked'
  | 'token_refused'
  | 'refresh_token_reused'
  | 'password_changed'
  | 'password_refused'
  | 'rate_limited'
  | 'user_disabled'
  | 'user_enabled'
  | 'user_unlocked'
  | 'user_created'
  | 'user_deleted'
  | 'password_set'
  | 'users_imported'
  | 'users_exported'
  | 'key_created'
  | 'key_removed'
  | 'key_withdrawn'
  | 'started'
  | 'reconfigured'
  | 'audit_pruned'
  | 'audit_erased'

/** What operators alone do: what is on record of whence is theirs, and not the person's whom it concerns. */
export const deedsOfOperators: readonly AuditKind[] = [
  'user_created',
  'user_deleted',
  'user_disabled',
  'user_enabled',
  'user_unlocked',
  'password_set',
  'audit_erased',
]

/** The subject that says the same of what others do too. */
export const byOperator = 'by an operator'

/** A security event: who, what, when, and whence. */
export interface AuditEvent {
  readonly kind: AuditKind
  readonly at: Date
  /** Null where it concerns no single person. */
  readonly userId: UserId | null
  readonly sessionId: SessionId | null
  /** Null where the service itself acted. An operator is one too: their command is the request. */
  readonly caller: Caller | null
  /**
   * What else it concerns, such as a key's `kid` or a refusal's code; cut at 200 characters, at a start at 1000. It stays for good, so it
   * never holds personal data, such as an e-mail address, nor what somebody sent.
   */
  readonly subject?: string
  /** Whether an operator did what others do too. It is kept as the subject, so such an event has no other. */
  readonly byOperator?: true
}

/** An event's subject as it is kept: text that a database can hold, of a bounded length. */
export const subjectOf = ({ kind, subject, byOperator: isByOperator }: AuditEvent): string | null =>
  (isByOperator ? byOperator : subject)
    ?.slice(0, kind === 'started' ? 1000 : 200)
    .toWellFormed()
    .replaceAll('\0', ' ') ?? null
