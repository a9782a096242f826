import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { copyRunning } from './base-backup.ts'
import { startDurablePostgres, startPostgres } from './postgres.ts'

const run = promisify(execFile)

/** A database that can be backed up while it is used, and restored again and again. */
export interface BackedUp {
  readonly url: string
  backUp(): Promise<void>
  /** The URL of a new database that holds what was there at the last backup, with the signing keys or without. */
  restore(withKeys?: boolean): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

/** The two ways of docs/backup.md, by their names. */
export const ways = { files: byFiles, pg_dump: byDump } as const

/** All files of the server, with the write-ahead log that was written meanwhile. */
async function byFiles(): Promise<BackedUp> {
  await using opened = new AsyncDisposableStack()
  const origin = opened.use(await startDurablePostgres())
  const database = await origin.createDatabase()
  const copies: string[] = []
  const running = opened.move()
  return {
    url: database.url,
    async backUp() {
      // Into a server's own folder, which goes with it: one that starts shows at once whether the backup is sound.
      const keeper = running.use(
        await startDurablePostgres({}, async (data) => {
          await copyRunning(origin, data, { log: true })
        }),
      )
      await keeper.down('fast')
      copies.push(keeper.data)
    },
    async restore(withKeys = true) {
      const from = copies.at(-1) ?? ''
      const server = running.use(await startDurablePostgres({}, (data) => run('cp', ['-a', from, data]).then(() => {})))
      const url = new URL(database.url)
      url.port = new URL(server.url).port
      if (!withKeys) await query(url.href, 'DELETE FROM signing_keys')
      return url.href
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** One database, with PostgreSQL's own programs. */
async function byDump(): Promise<BackedUp> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startPostgres())
  const database = await server.createDatabase()
  const dumps = new Map<boolean, string>()
  const dump = async (more: string[]) => {
    const options = ['--no-owner', '--no-privileges', ...more, `--dbname=${database.url}`]
    return (await run('pg_dump', options, { maxBuffer: 1 << 28 })).stdout
  }
  const running = opened.move()
  return {
    url: database.url,
    async backUp() {
      dumps.set(true, await dump([]))
      dumps.set(false, await dump(['--exclude-table-data=signing_keys']))
    },
    async restore(withKeys = true) {
      const { url } = await server.createDatabase()
      const child = run('psql', ['--quiet', '--no-psqlrc', '--single-transaction', '-v', 'ON_ERROR_STOP=1', url])
      child.child.stdin?.end(dumps.get(withKeys))
      await child
      return url
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Why this machine can't show the way by `pg_dump`, or false: it reads no server that is newer than itself. */
export async function noDump(): Promise<string | false> {
  await using server = await startPostgres()
  const [{ rows }, version] = await Promise.all([
    query(server.url, 'SHOW server_version_num'),
    run('pg_dump', ['--version']).then(
      ({ stdout }) => Number(/\d+/.exec(stdout)?.[0]),
      () => null,
    ),
  ])
  const needed = Math.floor(Number(rows[0].server_version_num) / 10_000)
  if (version === null) return 'needs pg_dump and psql'
  return version >= needed ? false : `needs a pg_dump of version ${needed}, and has ${version}`
}

export async function query(url: string, statement: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}
