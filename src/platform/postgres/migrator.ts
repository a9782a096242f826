import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration'
import { migrations as allMigrations } from './migrations/index.ts'
import type { Database } from './tables.ts'

/** A migration that has run is not the one in the program: the start stops, for nobody knows what the tables hold. */
export class MigrationError extends Error {
  override name = 'MigrationError'
}

const newer = 'The database has migrations that this version of Latchkey does not know: it is newer.'

const checksum = (text: string) => createHash('sha256').update(text).digest('hex')

/**
 * Brings the tables to the newest migration, forward only, each with its SHA-256 on record.
 *
 * Safe when several processes start at once: Kysely's migrator holds an advisory lock of PostgreSQL meanwhile, and
 * whoever comes second finds the work done. All that is new runs in one transaction.
 *
 * @returns the names of the migrations that this call ran.
 * @throws MigrationError when a migration that has run was changed, or is one that this program does not know.
 */
export async function migrate(
  database: Database,
  migrations: Readonly<Record<string, string>> = allMigrations,
): Promise<string[]> {
  // Before anything new runs, and once more: another process may have migrated meanwhile.
  await verifyChecksums(database, migrations)
  const provider: MigrationProvider = { getMigrations: async () => withChecksums(migrations) }
  const migrator = new Migrator({
    db: database,
    provider,
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migrations_lock',
  })
  const { error, results } = await migrator.migrateToLatest()
  if (error) {
    const corrupted = error instanceof Error && error.message.startsWith('corrupted migrations')
    if (!corrupted) throw error
    throw new MigrationError(newer, { cause: error })
  }
  await verifyChecksums(database, migrations)
  return (results ?? []).map((result) => result.migrationName)
}

/** A migration of this program, or one that the database has and this program does not know. */
export interface MigrationState {
  readonly name: string
  /** When it ran; null where it is still to run. */
  readonly ranAt: Date | null
  readonly state: 'applied' | 'pending' | 'changed' | 'unknown'
}

/** What has run and what is still to run, in its order. Changes nothing. */
export async function migrationStates(
  database: Database,
  migrations: Readonly<Record<string, string>> = allMigrations,
): Promise<MigrationState[]> {
  const { rows: found } = await sql<{ there: boolean }>`
    SELECT to_regclass('schema_checksums') IS NOT NULL AND to_regclass('schema_migrations') IS NOT NULL AS there`.execute(
    database,
  )
  const { rows } = found[0]?.there
    ? await sql<{ name: string; sha256: string; timestamp: string | null }>`
        SELECT name, sha256, timestamp FROM schema_checksums LEFT JOIN schema_migrations USING (name)`.execute(database)
    : { rows: [] }
  const ran = new Map(rows.map((row) => [row.name, row]))
  const names = [...new Set([...Object.keys(migrations), ...ran.keys()])]
  return names.map((name) => {
    const row = ran.get(name)
    const ranAt = row?.timestamp ? new Date(row.timestamp) : null
    if (row === undefined) return { name, ranAt, state: 'pending' }
    const text = migrations[name]
    if (text === undefined) return { name, ranAt, state: 'unknown' }
    return { name, ranAt, state: checksum(text) === row.sha256 ? 'applied' : 'changed' }
  })
}

/** The same where there is no database yet. */
export const statesOfNone = (): MigrationState[] =>
  Object.keys(allMigrations).map((name) => ({ name, ranAt: null, state: 'pending' }))

/** @throws MigrationError where the tables are not those of this program. */
export async function expectMigrated(database: Database): Promise<void> {
  const states = await migrationStates(database)
  if (states.some(({ state }) => state === 'unknown')) throw new MigrationError(newer)
  const open = states.filter(({ state }) => state !== 'applied').map(({ name }) => name)
  if (open.length === 0) return
  throw new MigrationError(
    `The tables are not those of this version: ${open.join(', ')} has not run. Run "latchkey migrate", or start the service.`,
  )
}

function withChecksums(migrations: Readonly<Record<string, string>>): Record<string, Migration> {
  const migration = ([name, text]: [string, string]): [string, Migration] => [
    name,
    {
      up: async (db) => {
        for (const statement of statements(text)) await sql.raw(statement).execute(db)
        await sql`CREATE TABLE IF NOT EXISTS schema_checksums (name text PRIMARY KEY, sha256 text NOT NULL)`.execute(db)
        await sql`INSERT INTO schema_checksums (name, sha256) VALUES (${name}, ${checksum(text)})`.execute(db)
      },
    },
  ]
  return Object.fromEntries(Object.entries(migrations).map(migration))
}

// The embedded database takes one statement a call. Migrations hold no semicolon inside a statement's text.
const statements = (text: string) => text.split(/;\s*$/m).filter((statement) => statement.trim() !== '')

async function verifyChecksums(database: Database, migrations: Readonly<Record<string, string>>): Promise<void> {
  const found = await sql<{ there: boolean }>`SELECT to_regclass('schema_checksums') IS NOT NULL AS there`.execute(
    database,
  )
  if (!found.rows[0]?.there) return
  const recorded = await sql<{ name: string; sha256: string }>`SELECT name, sha256 FROM schema_checksums`.execute(
    database,
  )
  const unknown = recorded.rows.filter((row) => migrations[row.name] === undefined)
  if (unknown.length > 0) throw new MigrationError(`${newer} It has ${unknown.map((row) => row.name).join(', ')}.`)
  const changed = recorded.rows.filter((row) => checksum(migrations[row.name] ?? '') !== row.sha256)
  if (changed.length === 0) return
  const names = changed.map((row) => row.name).join(', ')
  throw new MigrationError(
    `Changed since it ran in this database: migration ${names}. Restore its text, add a new one.`,
  )
}
