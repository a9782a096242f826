import type { ColumnType, GeneratedAlways, JSONColumnType, Kysely, Transaction } from 'kysely'

/** The tables as the newest migration leaves them: one interface a table, one place for every store's types. */
export interface Tables {
  users: UsersTable
  sessions: SessionsTable
  signing_keys: SigningKeysTable
  audit_events: AuditEventsTable
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
  ip: Fixed<string | null>
  request_id: Fixed<string | null>
}
