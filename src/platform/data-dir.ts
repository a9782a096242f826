import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

/** The right to be the one process that works in a data directory. */
export interface DataDirLock {
  /** The directory as an absolute path. */
  readonly directory: string
  /** Gives the directory back. Calling it again does nothing. */
  release(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Who holds a data directory, for the sentence that refuses the next one. Never the ground of a decision. */
export interface DataDirHolder {
  readonly pid: number
  readonly host: string
  readonly since: string
}

/** Another process, or another part of this one, works in the data directory. The message says who and what to do. */
export class DataDirLocked extends Error {
  override readonly name = 'DataDirLocked'
  readonly directory: string
  readonly holder: DataDirHolder | null

  constructor(directory: string, holder: DataDirHolder | null) {
    super(
      `The data directory ${directory} is in use by ${describe(holder)}. Stop that process, or give this one a ` +
        'directory of its own. The lock ends with its process: there is no file to delete.',
    )
    this.directory = directory
    this.holder = holder
  }
}

const lockName = 'latchkey.lock'
const holderName = 'latchkey.holder.json'
const busy = 5 // SQLITE_BUSY
const graceMilliseconds = 100

// A lock that its owner drops without releasing it must not end when the garbage collector closes the connection.
const held = new Set<DatabaseSync>()

/**
 * Creates `directory` (mode 0700) where it is missing and takes the exclusive right to work in it.
 *
 * The lock is the operating system's own: the exclusive transaction of an empty SQLite database, `latchkey.lock`,
 * which SQLite builds on `fcntl` locks (`LockFileEx` on Windows). The kernel drops it when the process ends, however it
 * ends, so nothing here judges whether a lock is stale: no pid that may have been given to another process, no host
 * name that changes with the container, no clock, and no moment at which two processes take over the same leftover. It
 * holds between containers that share a volume on one kernel, and between hosts as far as the network file system
 * carries `fcntl` locks (NFSv4 does). A pid file can do none of this, and a socket in the directory leaves a file
 * behind that two processes can replace at once.
 *
 * Two rules follow. The lock file is never deleted, for a process that waits on the deleted file would share the
 * directory with one that locked its successor. And nothing in this process but SQLite opens it, since closing any
 * descriptor of a file drops the `fcntl` locks that the process has on it; who holds the lock is therefore told by a
 * file of its own, `latchkey.holder.json`.
 *
 * @throws DataDirLocked when the directory is in use, after one more attempt 100 ms later
 * @throws Error when the directory can't be created, written or locked
 */
export async function lockDataDir(directory: string): Promise<DataDirLock> {
  const path = resolve(directory)
  await mkdir(path, { recursive: true, mode: 0o700 })

  let database = take(path)
  if (!database) {
    // Lets a holder that is just ending end, and one that has just begun write down who it is.
    await sleep(graceMilliseconds)
    database = take(path)
  }
  if (!database) throw new DataDirLocked(path, await readHolder(path))

  held.add(database)
  try {
    await writeHolder(path)
  } catch (error) {
    free(database)
    throw error
  }
  return lockOf(path, database)
}

function lockOf(directory: string, database: DatabaseSync): DataDirLock {
  let released: Promise<void> | undefined
  const release = () => {
    released ??= rm(join(directory, holderName), { force: true }).finally(() => free(database))
    return released
  }
  return { directory, release, [Symbol.asyncDispose]: release }
}

function free(database: DatabaseSync): void {
  held.delete(database)
  database.close()
}

function take(directory: string): DatabaseSync | null {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(directory, lockName), { timeout: 0 })
    // Without a journal, a process that is killed leaves nothing behind.
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return null
    throw new Error(`The data directory ${directory} can't be locked: can this process write in it?`, { cause: error })
  }
}

async function writeHolder(directory: string): Promise<void> {
  const holder: DataDirHolder = { pid: process.pid, host: hostname(), since: new Date().toISOString() }
  const path = join(directory, holderName)
  await writeFile(`${path}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function readHolder(directory: string): Promise<DataDirHolder | null> {
  try {
    const { pid, host, since } = JSON.parse(await readFile(join(directory, holderName), 'utf8'))
    return Number.isSafeInteger(pid) && typeof host === 'string' && typeof since === 'string'
      ? { pid, host, since }
      : null
  } catch {
    return null
  }
}

function describe(holder: DataDirHolder | null): string {
  if (!holder) return 'another process, which has not said who it is'
  const here = holder.pid === process.pid && holder.host === hostname()
  return `process ${holder.pid}${here ? ' (this very process)' : ''} on host ${holder.host}, since ${holder.since}`
}
