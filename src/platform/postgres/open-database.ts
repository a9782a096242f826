import type { Secret } from '../../kernel/secret.ts'
import { lockDataDir } from '../data-dir.ts'
import type { Log } from '../log.ts'
import { connectEmbedded, connectPostgres, defaultBounds } from './database.ts'
import { openEmbedded, tendEmbedded } from './embedded.ts'
import type { Database } from './tables.ts'

export interface OpenDatabase {
  readonly database: Database
  /** Where the data is, for the person who started the service. */
  readonly where: string
  close(): Promise<void>
}

const hour = 3_600_000

/** PostgreSQL where a URL is given, else the embedded database in `dataDir`, which this process then holds alone. */
export async function openDatabase(
  { databaseUrl, dataDir }: { databaseUrl: Secret | null; dataDir: string },
  log: Log,
): Promise<OpenDatabase> {
  if (databaseUrl) {
    const database = connectPostgres(databaseUrl, log, defaultBounds)
    const { host, pathname } = new URL(databaseUrl.reveal())
    return { database, where: `PostgreSQL at ${host}${pathname}`, close: () => database.destroy() }
  }

  await using opened = new AsyncDisposableStack()
  const lock = opened.use(await lockDataDir(dataDir))
  // The other features of the engine still answer; what stopped it is not mended by going on.
  const onStopped = (err: Error) => log.fatal({ err }, 'the embedded database has stopped')
  const pglite = await openEmbedded(lock.directory, { onStopped })
  const database = connectEmbedded(pglite)
  opened.defer(() => database.destroy())
  const tending = setInterval(() => {
    tendEmbedded(pglite).catch((err) => log.error({ err }, 'the embedded database could not be tended'))
  }, hour).unref()
  opened.defer(() => clearInterval(tending))
  const running = opened.move()
  return {
    database,
    where: `${lock.directory} (embedded database: for one process; set DATABASE_URL for PostgreSQL)`,
    close: () => running.disposeAsync(),
  }
}
