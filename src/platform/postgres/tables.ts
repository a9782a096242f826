import type { ColumnType, GeneratedAlways, JSONColumnType, Kysely, Transaction } from 'kysely'

/** The tables as the newest migration leaves them: one interface a table, one place for every store's types. */
export interface Tables {
  users: UsersTable
  sessions: SessionsTable
  signing_keys: SigningKeysTable
  audit_events: AuditEventsTable
  audit_whence: AuditWhenceTable
  audit_unsealed: { event_id: Fixed<number> }
  audit_seals: AuditSealsTable
  audit_checkpoints: AuditCheckpointsTable
  throttle_buckets: ThrottleBucketsTable
  known_places: KnownPlacesTable
  login_streaks: LoginStreaksTable
  login_streak_decoys: LoginStreakDecoysTable
}

export type Database = Kysely<Tables>
export type DatabaseTransaction = Transaction<Tables>

type Fixed<T> = ColumnType<T, T, never>

interface UsersTable {
  id: GeneratedAlways<number>
  email: string
  password_hash: string | null
  created_at: Fixed<Date>
  disabled_at: ColumnType<Date | null, never, Date | null>
  epoch: ColumnType<number, never, number>
}

interface SessionsTable {
  id: Fixed<string>
  user_id: Fixed<number>
  generation: ColumnType<number, never, number>
  created_at: Fixed<Date>
  last_used_at: Date
  idle_expires_at: Date
  expires_at: Fixed<Date>
  revoked_at: ColumnType<Date | null, never, Date>
  user_agent: Fixed<string | null>
  ip: Fixed<string | null>
}

interface SigningKeysTable {
  kid: Fixed<string>
  algorithm: Fixed<string>
  public_jwk: JSONColumnType<Record<string, string>>
  sealed_private_key: Buffer
  created_at: Fixed<Date>
  activates_at: Date
  retires_at: Date | null
}

interface AuditEventsTable {
  id: GeneratedAlways<number>
  at: Fixed<Date>
  kind: Fixed<string>
  user_id: Fixed<number | null>
  session_id: Fixed<string | null>
  subject: Fixed<string | null>
  request_id: Fixed<string | null>
  /** Always null; a later version drops it. */
  ip: ColumnType<null, never, never>
  whence_digest: Fixed<Buffer | null>
}

interface AuditWhenceTable {
  event_id: Fixed<number>
  ip: Fixed<string | null>
  user_agent: Fixed<string | null>
  salt: Fixed<Buffer>
}

interface AuditSealsTable {
  position: Fixed<number>
  event_id: Fixed<number>
  hash: Fixed<Buffer>
}

interface AuditCheckpointsTable {
  number: Fixed<number>
  position: Fixed<number>
  hash: Fixed<Buffer>
  from_number: Fixed<number>
  from_position: Fixed<number>
  anchor_hash: Fixed<Buffer>
  at: Fixed<Date>
  key_id: Fixed<string>
  signature: Fixed<Buffer>
}

interface ThrottleBucketsTable {
  key: string
  full_at: Date
}

interface KnownPlacesTable {
  account: Fixed<string>
  place: Fixed<string>
  last_at: Date
}

interface LoginStreaksTable {
  user_id: Fixed<number>
  known: number
  elsewhere: number
}

interface LoginStreakDecoysTable {
  slot: Fixed<number>
  known: number
  elsewhere: number
}
