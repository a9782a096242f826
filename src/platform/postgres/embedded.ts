import * as fs from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

export interface EmbeddedOptions {
  /** Writes a file's data through to the disk, by its descriptor; a test counts or breaks it here. */
  readonly fsyncSync?: (descriptor: number) => void
  /** Told once when the engine has stopped for good; a process that ends and starts again recovers. */
  readonly onStopped?: (reason: EmbeddedStopped) => void
}

/**
 * The engine has met something that it can't go on from, such as a full or a failing disk. Every call from then on
 * throws this. What was acknowledged is safe: the next start recovers it from the write-ahead log.
 */
export class EmbeddedStopped extends Error {
  override readonly name = 'EmbeddedStopped'

  constructor(because: string, cause: unknown) {
    super(`The embedded database has stopped and needs a new start of the process: ${because}`, { cause })
  }
}

/** What this module needs of Emscripten's file system over Node's `fs`, which PGlite's types leave out. */
interface HostFileSystem {
  tryFSOperation(operation: () => void): void
  stream_ops: { fsync?: (stream: { readonly nfd: number }) => number }
}

type EngineOptions = Parameters<NodeFS['init']>[1]
type Engine = PGlite['Module']

// The object identifiers of PostgreSQL's types (pg_type.dat).
const bytea = 17
const int8 = 20

/**
 * The same JavaScript values as `pg` gives, so that a store reads one kind of row from either database. Where the two
 * agree already, as on `timestamptz` and a `Date`, nothing stands here.
 */
const parsers = {
  [bytea]: (text: string): Buffer => Buffer.from(text.slice(2), 'hex'),
  [int8]: safeInteger,
}

// `-F` is PGlite's own "do not sync". The rest stays PGlite's, and moves with its version.
const startParams = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['-c', 'fsync=on'],
  // The default, fdatasync, never leaves Emscripten: its system call does nothing and reports success.
  ...['-c', 'wal_sync_method=fsync'],
  ...['-c', 'full_page_writes=on'],
  ...['-c', 'synchronous_commit=on'],
  // A quarter of the default: saves 100 MB of resident memory, and the kernel's cache stands behind it.
  ...['-c', 'shared_buffers=32MB'],
]

/**
 * Opens the PostgreSQL that runs inside this process, with its files in `<directory>/postgres`; the first time it
 * creates them, which takes some seconds. A commit that was acknowledged is on the disk.
 *
 * The caller holds the lock of `directory`: nothing else keeps a second process out of the same files. The database has
 * one connection and no background processes, so whoever opens it for long also calls `tendEmbedded` now and then.
 *
 * Creation happens in `<directory>/postgres.new`, which takes its final name once it is whole and on the disk. An
 * interrupted one is thrown away by the next start; a folder named `postgres` never is.
 *
 * @throws Error when the files can't be read or written, or are not a sound database
 */
export async function openEmbedded(directory: string, options: EmbeddedOptions = {}): Promise<PGlite> {
  const path = join(directory, 'postgres')
  if (!fs.existsSync(path)) await createDatabase(directory, path)
  return start(path, options)
}

/**
 * Does what a server's background processes do elsewhere: takes away dead rows, renews the planner's statistics and
 * writes a checkpoint, without which the write-ahead log grows until the database is closed. Blocks the process for as
 * long as it takes, so it belongs into quiet moments.
 *
 * @throws EmbeddedStopped when the engine has stopped
 */
export async function tendEmbedded(database: PGlite): Promise<void> {
  // One by one: statements that are sent together share a transaction, in which VACUUM can't run.
  await database.exec('VACUUM (ANALYZE)')
  await database.exec('CHECKPOINT')
}

async function start(path: string, options: EmbeddedOptions): Promise<PGlite> {
  const panics: string[] = []
  const files = new DurableNodeFS(path, options, () => panics.at(-1))
  const onStderr = (text: string) => {
    const panic = /\b(?:PANIC|FATAL):.*/s.exec(text)
    if (panic) panics.push(panic[0].trim())
    return false
  }
  try {
    return await PGlite.create({ dataDir: path, fs: files, parsers, startParams, onStderr })
  } catch (error) {
    throw new Error(`The embedded database in ${path} can't be opened: ${panics.at(-1) ?? error}`, { cause: error })
  }
}

/**
 * PGlite's `NodeFS` with two things that it lacks: an `fsync` that reaches the disk, and an end. The file system is the
 * one part of PGlite that sees the engine before it runs.
 */
class DurableNodeFS extends NodeFS {
  readonly #fsyncSync: (descriptor: number) => void
  readonly #onStopped: ((reason: EmbeddedStopped) => void) | undefined
  readonly #lastPanic: () => string | undefined

  constructor(path: string, { fsyncSync, onStopped }: EmbeddedOptions, lastPanic: () => string | undefined) {
    super(path)
    this.#fsyncSync = fsyncSync ?? fs.fsyncSync
    this.#onStopped = onStopped
    this.#lastPanic = lastPanic
  }

  override async init(database: PGlite, options: EngineOptions): Promise<{ emscriptenOpts: EngineOptions }> {
    const { emscriptenOpts } = await super.init(database, options)
    const amend = (engine: Engine) => {
      this.#syncToDisk(engine)
      // The engine's functions are there once its runtime is.
      const { onRuntimeInitialized } = engine
      engine.onRuntimeInitialized = () => {
        onRuntimeInitialized()
        this.#stopForGood(database, engine)
      }
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), amend] } }
  }

  #syncToDisk(engine: Engine): void {
    const host = engine.NODEFS as unknown as HostFileSystem
    host.stream_ops.fsync = ({ nfd }) => {
      // Turns Node's errors into the engine's error numbers: PostgreSQL must learn of a disk that failed.
      host.tryFSOperation(() => this.#fsyncSync(nfd))
      return 0
    }
  }

  /**
   * PGlite asks its engine again and again until a message is consumed, and takes every exception for an ordinary
   * error: after a PANIC it would spin for ever, and its `close` would write a checkpoint from memory that is no longer
   * to be trusted. An ordinary error leaves the engine as a jump, with status 100; anything else is its end.
   */
  #stopForGood(database: PGlite, engine: Engine): void {
    let stopped: EmbeddedStopped | undefined
    const refuse = () => {
      throw stopped
    }
    const once = engine._PostgresMainLoopOnce
    engine._PostgresMainLoopOnce = () => {
      try {
        once()
      } catch (error) {
        if (isJump(error)) throw error
        stopped = new EmbeddedStopped(this.#lastPanic() ?? String(error), error)
        // Called by PGlite's loop for what it has caught, this is the way out of the loop.
        engine.stackRestore = refuse
        database.execProtocolRawSync = refuse
        this.#onStopped?.(stopped)
        throw stopped
      }
    }
  }
}

const isJump = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 100

async function createDatabase(directory: string, path: string): Promise<void> {
  const unfinished = `${path}.new`
  await rm(unfinished, { recursive: true, force: true })
  // The folder's mode is what keeps others out: PGlite leaves the files within open to everybody.
  await mkdir(unfinished, { recursive: true, mode: 0o700 })
  // Nothing is worth syncing one by one before all of it is there.
  const database = await start(unfinished, { fsyncSync: () => {} })
  await database.close()
  await syncTree(unfinished)
  await rename(unfinished, path)
  await syncFolder(directory)
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else await syncFile(path)
  }
  await syncFolder(directory)
}

async function syncFile(path: string): Promise<void> {
  // Windows syncs only what is open for writing.
  await using file = await open(path, 'r+')
  await file.sync()
}

async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, 'r')
    await folder.sync()
  } catch (error) {
    // Not every system can sync a folder. PostgreSQL lets the same ones pass (fsync_fname_ext).
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (!['EISDIR', 'EACCES', 'EPERM', 'EBADF', 'EINVAL'].includes(String(code))) throw error
  }
}

/**
 * The number that PostgreSQL's `bigint` stands for.
 *
 * @throws RangeError beyond plus or minus 2^53 - 1, where a number would silently be another one
 */
export function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The bigint ${text} is beyond what a number can hold exactly`)
  return value
}
