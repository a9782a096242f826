/** The version of the form of exports. One that a reader does not know is refused. */
export const exportVersion = 1

/** `users` can be imported anywhere; `everything` is a whole installation, for an empty database and the same secret key. */
export type ExportKind = 'users' | 'everything'

/** The first line of an export. */
export interface ExportHeader {
  readonly type: 'header'
  readonly format: 'latchkey-export'
  readonly version: number
  readonly kind: ExportKind
  readonly exported_at: string
  /** The migrations that the rows are of; for `everything` alone. */
  readonly migrations?: readonly string[]
  /** The highest ids ever given: one is never given again, not even when its row is gone. */
  readonly sequences?: { readonly users: number; readonly audit_events: number }
}

/** The last line: an export without it is not whole. */
export interface ExportEnd {
  readonly type: 'end'
  readonly counts: Readonly<Record<string, number>>
}

/**
 * What moves with a whole installation, in the order in which it is put back: what refers to others comes after them.
 */
export const movedTables = [
  'users',
  'signing_keys',
  'sessions',
  'known_places',
  'login_streaks',
  'audit_events',
  'audit_whence',
  'audit_seals',
  'audit_checkpoints',
] as const

/** What stays behind: quotas, which are whole again within the hour, and what follows from the rows that move. */
export const leftTables = ['throttle_buckets', 'login_streak_decoys', 'audit_unsealed'] as const
