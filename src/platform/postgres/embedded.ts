import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { syncFolder } from '../sync-folder.ts'
import { DurableNodeFS, type EmbeddedOptions } from './durable-node-fs.ts'
import { embeddedIn } from './embedded-place.ts'
import { int8, safeInteger } from './safe-integer.ts'

// The object identifiers of PostgreSQL's types (pg_type.dat).
const bytea = 17

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
  const path = embeddedIn(directory)
  if (!existsSync(path)) await createDatabase(directory, path)
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
    throw new Error(`The embedded database in ${path} can't be opened: ${panics.at(-1) ?? reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** The engine's file system throws objects of its own with an error number (errno.h as Emscripten has it). */
function reasonOf(error: unknown): string {
  const errno = typeof error === 'object' && error !== null && 'errno' in error ? Number(error.errno) : null
  if (errno === 51) return 'the disk is full'
  return errno === null ? String(error) : `its file system failed with error ${errno}`
}

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
