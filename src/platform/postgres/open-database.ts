import { urlOfEachHost } from '../../kernel/database-url.ts'
import type { Secret } from '../../kernel/secret.ts'
import { lockDataDir } from '../data-dir.ts'
import type { Log } from '../log.ts'
import type { PoolState } from '../watch.ts'
import {
  connectPostgres,
  type DatabaseBounds,
  databaseOver,
  defaultBounds,
  embeddedBounds,
  embeddedConnection,
  postgresPool,
} from './database.ts'
import { expectMigrated, migrate } from './migrator.ts'
import type { OnStatement } from './statement-times.ts'
import type { Database } from './tables.ts'

export interface OpenDatabase {
  readonly database: Database
  /** Where the data is, for the person who started the service. */
  readonly where: string
  readonly pool: () => PoolState
  /** How long one may wait for a connection, in milliseconds. */
  readonly patienceMs: number
  close(): Promise<void>
}

const hour = 3_600_000

export interface DatabasePlace {
  readonly databaseUrl: Secret | null
  readonly dataDir: string
  /** Whether the tables are brought up to date; not where another process of this version has just done so. */
  readonly migrates?: boolean
  /** Told of each statement. */
  readonly onStatement?: OnStatement | undefined
}

export type OpensDatabase = typeof openDatabase

/**
 * PostgreSQL where a URL is given, else the embedded database in `dataDir`, which this process then holds alone. Its
 * tables are the newest, unless they are to stay as they are.
 *
 * @param onFatal told when the database has stopped for good and only a new process can open it again.
 */
export async function openDatabase(
  { databaseUrl, dataDir, migrates = true, onStatement }: DatabasePlace,
  log: Log,
  onFatal: (error: Error) => void,
  bounds: DatabaseBounds = defaultBounds,
): Promise<OpenDatabase> {
  if (databaseUrl) {
    if (migrates) await migrateOnItsOwn(databaseUrl, log, bounds)
    const pool = postgresPool(databaseUrl, log, bounds)
    const database = databaseOver(pool, onStatement)
    const patienceMs = bounds.acquireTimeout
    return { database, pool: pool.state, where: placeOf(databaseUrl), patienceMs, close: () => database.destroy() }
  }

  await using opened = new AsyncDisposableStack()
  const lock = opened.use(await lockDataDir(dataDir))
  // Loaded only here: a process that has PostgreSQL spares itself the engine.
  const { openEmbedded, tendEmbedded } = await import('./embedded.ts')
  const pglite = await openEmbedded(lock.directory, { onStopped: onFatal })
  const connection = embeddedConnection(pglite)
  const database = databaseOver(connection, onStatement)
  opened.defer(() => database.destroy())
  if (migrates) await migrate(database)
  const tending = setInterval(() => {
    tendEmbedded(pglite).catch((err) => log.error({ err }, 'the embedded database could not be tended'))
  }, hour).unref()
  opened.defer(() => clearInterval(tending))
  const running = opened.move()
  return {
    database,
    pool: connection.state,
    where: `${lock.directory} (embedded database: for one process; set DATABASE_URL for PostgreSQL)`,
    patienceMs: embeddedBounds.acquireTimeout,
    close: () => running.disposeAsync(),
  }
}

/** Without who asks there and by which password. */
function placeOf(databaseUrl: Secret): string {
  const urls = urlOfEachHost(databaseUrl.reveal()) ?? []
  return `PostgreSQL at ${urls.map(({ host }) => host).join(',')}${urls[0]?.pathname ?? ''}`
}

/**
 * The same for who only works beside the service: the tables stay as they are.
 *
 * @throws MigrationError where they are not those of this program.
 */
export const openMigrated: OpensDatabase = async (place, log, onFatal, bounds) => {
  const opened = await openDatabase({ ...place, migrates: false }, log, onFatal, bounds)
  try {
    await expectMigrated(opened.database)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}

/**
 * Migrates on a connection whose statements have an hour: a migration of a large table, and the wait for the process
 * that runs it, take longer than a request may. Locks are waited for no longer than elsewhere, since whoever waits for
 * a table's lock has all others wait behind it.
 */
async function migrateOnItsOwn(databaseUrl: Secret, log: Log, bounds: DatabaseBounds): Promise<void> {
  const database = connectPostgres(databaseUrl, log, { ...bounds, connections: 1, statementTimeout: hour })
  try {
    await migrate(database)
  } finally {
    await database.destroy()
  }
}
