import { fork } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres } from '../../../src/platform/postgres/database.ts'
import { migrate } from '../../../src/platform/postgres/migrator.ts'
import { builtService } from '../../support/built.ts'
import { imageArguments } from '../../support/image-arguments.ts'
import { startDurablePostgres } from '../../support/postgres.ts'
import { type ServiceProcess, startProcess } from '../../support/processes.ts'
import type { Aim, Closed, ClosedReport, Open, OpenReport, Side } from './load.ts'
import { insertRows, type Plan } from './rows.ts'
import { growthEnv } from './tokens.ts'

/** A service on a database of its own, and what is in it. */
export interface Grounds {
  readonly url: string
  readonly client: Client
  service: ServiceProcess
  plan: Plan
}

export interface World {
  readonly small: Grounds
  readonly grown: Grounds
  /** An empty database beside them, migrated. */
  readonly aside: Client
  /** Sets a setting of the server, as an operator does without a restart. */
  set(setting: string, value: string): Promise<void>
  /** Tells the load where a side is and what is in it. */
  aim(side: Side): Promise<void>
  closed(order: Omit<Closed, 'order'>): Promise<ClosedReport>
  open(order: Omit<Open, 'order'>): { stop(): Promise<OpenReport> }
  /** Ends a side's service and starts another on the same database. */
  restart(side: Side): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const gigabyte = 2 ** 30

/** A quarter of the memory as its own cache, where PostgreSQL's manual says to begin; the rest is as it comes. */
const cache = Number(process.env.GROWTH_CACHE_GB ?? Math.max(1, Math.floor(totalmem() / gigabyte / 4)))
const settings = {
  shared_buffers: `${cache}GB`,
  max_wal_size: '4GB',
  autovacuum: null,
  full_page_writes: null,
}
/**
 * So many distinct tokens on either side, of sessions that lie all over the table. A service remembers at least 5 000
 * whose signatures it has checked: more would have it check them anew, which hides what the database takes.
 */
const accessTokens = 4_000
/** The advisory lock that a purge of sessions takes. */
const purgeLock = 1_602_001

/** One PostgreSQL with two databases, each with its first users and sessions. Neither is purged of sessions. */
export async function createWorld(first: Readonly<Record<Side, number>>): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startDurablePostgres(settings))
  const maintenance = await connected(server.url)
  opened.defer(() => maintenance.end())
  const set = async (setting: string, value: string) => {
    await maintenance.query(`ALTER SYSTEM SET ${setting} = ${value}`)
    await maintenance.query('SELECT pg_reload_conf()')
  }
  await set('autovacuum', 'off')
  const program = [...imageArguments(), (await builtService()).main]
  const serve = (url: string) => startProcess(url, { ...growthEnv, NODE_ENV: 'production' }, program)
  const grounds = async (rows: number): Promise<Grounds> => {
    const plan = { rows, first: rows }
    const { url } = await server.createDatabase()
    const service = await serve(url)
    const client = await connected(url)
    opened.defer(() => client.end())
    await client.query('SELECT pg_advisory_lock($1)', [purgeLock])
    await insertRows(url, 1, rows, plan)
    const made: Grounds = { url, client, service, plan }
    opened.defer(() => made.service.stop())
    return made
  }
  const sides = { small: await grounds(first.small), grown: await grounds(first.grown) }
  const aside = await server.createDatabase()
  const migrated = connectPostgres(new Secret(aside.url), createLog('silent'))
  await migrate(migrated).finally(() => migrated.destroy())
  const asideClient = await connected(aside.url)
  opened.defer(() => asideClient.end())
  const load = fork(fileURLToPath(new URL('load.ts', import.meta.url)), [], { execArgv: [] })
  opened.defer(() => void load.kill('SIGKILL'))
  const ended = new AbortController()
  load.once('exit', () => ended.abort(new Error('the load has ended')))
  const ask = async (order: object): Promise<unknown> => {
    load.send(JSON.stringify(order))
    const [{ report, error }] = await once(load, 'message', { signal: ended.signal })
    if (error) throw new Error(error)
    return report
  }
  const aim = async (side: Side) => {
    const { service, url, plan } = sides[side]
    const order: Aim = { order: 'aim', side, url: service.url, databaseUrl: url, plan, accessTokens }
    await ask(order)
  }

  const world = opened.move()
  return {
    ...sides,
    aside: asideClient,
    set,
    aim,
    closed: (order) => ask({ order: 'closed', ...order }) as Promise<ClosedReport>,
    open(order) {
      const report = ask({ order: 'open', ...order }) as Promise<OpenReport>
      report.catch(() => undefined)
      return {
        stop() {
          load.send(JSON.stringify({ order: 'stop' }))
          return report
        },
      }
    },
    async restart(side) {
      await sides[side].service.stop()
      sides[side].service = await serve(sides[side].url)
      await aim(side)
    },
    [Symbol.asyncDispose]: () => world.disposeAsync(),
  }
}

/** Lets the next purge of this database's sessions begin. */
export const allowPurge = async ({ client }: Grounds): Promise<void> => {
  await client.query('SELECT pg_advisory_unlock($1)', [purgeLock])
}

export async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return client
}
