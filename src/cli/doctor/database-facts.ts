import { sql } from 'kysely'
import type { Database } from '../../platform/postgres/tables.ts'
import { missingRights } from './database-rights.ts'

/** What PostgreSQL says of itself. Times in milliseconds. */
export interface DatabaseFacts {
  /** As in `server_version_num`: 180004 is 18.4. */
  readonly version: number
  readonly versionText: string
  readonly latency: number
  /** How far the database's clock is ahead of this machine's. */
  readonly ahead: number
  readonly encrypted: boolean
  readonly settings: Readonly<Record<string, string>>
  readonly encoding: string
  readonly isStandby: boolean
  readonly role: string
  readonly isSuperuser: boolean
  readonly mayCreate: boolean
  /** The rights that the service needs and the role lacks, as `UPDATE, DELETE on users`. */
  readonly locked: readonly string[]
  readonly connections: number
  readonly frozenAge: number
  readonly tables: readonly { readonly name: string; readonly live: number; readonly dead: number }[]
  readonly size: number
}

const settings = [
  ...['fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'default_transaction_read_only'],
  ...['max_connections', 'idle_session_timeout', 'transaction_timeout'],
]

const looks = 5

/** Asks all of it; changes nothing. */
export async function databaseFacts(database: Database): Promise<DatabaseFacts> {
  const clock = await clockOf(database)
  const { rows } = await sql<Omit<DatabaseFacts, 'latency' | 'ahead' | 'settings' | 'tables' | 'locked'>>`
    SELECT
      current_setting('server_version_num')::int AS version,
      current_setting('server_version') AS "versionText",
      coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
      current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS "isStandby",
      current_user AS role,
      (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS "isSuperuser",
      has_schema_privilege(current_schema(), 'CREATE') AS "mayCreate",
      (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
      (SELECT age(datfrozenxid)::int FROM pg_database WHERE datname = current_database()) AS "frozenAge",
      pg_database_size(current_database())::float8 AS size`.execute(database)
  const set = await sql<{ name: string; setting: string }>`
    SELECT name, setting FROM pg_settings WHERE name = ANY(${settings})`.execute(database)
  const tables = await sql<{ name: string; live: number; dead: number }>`
    SELECT relname AS name, n_live_tup::float8 AS live, n_dead_tup::float8 AS dead
    FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname`.execute(database)
  const [row] = rows
  if (!row) throw new Error('the database answered nothing')
  return {
    ...row,
    ...clock,
    settings: Object.fromEntries(set.rows.map(({ name, setting }) => [name, setting])),
    tables: tables.rows,
    locked: await missingRights(database),
  }
}

/** The shortest of some round trips, and what the clocks differ by in it. */
async function clockOf(database: Database): Promise<{ latency: number; ahead: number }> {
  let best = { latency: Number.POSITIVE_INFINITY, ahead: 0 }
  for (let look = 0; look < looks; look++) {
    const [before, started] = [Date.now(), performance.now()]
    const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(database)
    const latency = performance.now() - started
    if (latency < best.latency) best = { latency, ahead: (rows[0]?.now.getTime() ?? before) - (before + latency / 2) }
  }
  return best
}
