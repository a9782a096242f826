import { type Dialect, Kysely, type PGliteDialectConfig, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Secret } from '../../kernel/secret.ts'
import type { Log } from '../log.ts'
import type { PoolState } from '../watch.ts'
import { tooManyWait } from './faults.ts'
import { hostsOf } from './hosts.ts'
import { OneConnectionDialect } from './one-connection.ts'
import { int8, safeInteger } from './safe-integer.ts'
import { clientThatGivesUp, type Trust, trusted } from './silence.ts'
import { type OnStatement, timed } from './statement-times.ts'
import type { Database, Tables } from './tables.ts'
import { moment, timestamptz } from './timestamp.ts'

const parsers = new Map<number, (text: string) => unknown>([
  [int8, safeInteger],
  [timestamptz, moment],
])

/** Bounds of a connection, in milliseconds, and of the pool, in connections and in those who wait for one. */
export interface DatabaseBounds {
  readonly connections: number
  /** Beyond them nobody waits: each is refused at once. Unless it is given, a hundred for each connection. */
  readonly waiting?: number
  readonly acquireTimeout: number
  readonly statementTimeout: number
  readonly lockTimeout: number
  readonly idleInTransactionTimeout: number
}

export const defaultBounds: DatabaseBounds = {
  connections: 10,
  acquireTimeout: 3_000,
  statementTimeout: 5_000,
  lockTimeout: 2_000,
  idleInTransactionTimeout: 10_000,
}

/** The connections to a database, and how they are used. */
export interface Connections {
  readonly dialect: Dialect
  readonly state: () => PoolState
}

/** @param onStatement told of each statement; without it none is timed. */
export const databaseOver = ({ dialect }: Connections, onStatement?: OnStatement): Database =>
  new Kysely<Tables>({ dialect, ...(onStatement && { log: timed(onStatement) }) })

/** A database over `postgresPool`. */
export const connectPostgres = (url: Secret, log: Log, bounds?: DatabaseBounds): Database =>
  databaseOver(postgresPool(url, log, bounds))

/**
 * A pool of connections to PostgreSQL, opened when they are first needed.
 *
 * TLS follows the URL's `sslmode` in libpq's meaning, `verify-full` and `sslrootcert` included; but `prefer` is taken for
 * `require`, for who asks for TLS gets it or an error. A connection that breaks, or on which an answer does not come, is
 * dropped; the next request opens another. Where the URL names several hosts, it is one to the first that takes writes.
 */
export function postgresPool(url: Secret, log: Log, bounds: DatabaseBounds = defaultBounds): Connections {
  const trust: Trust = { since: 0 }
  const hosts = hostsOf(url.reveal(), bounds.acquireTimeout)
  const Client = hosts.client(clientThatGivesUp(trust))
  const pool = new pg.Pool({
    Client,
    onConnect: hosts.inspect,
    max: bounds.connections,
    connectionTimeoutMillis: bounds.acquireTimeout,
    statement_timeout: bounds.statementTimeout,
    lock_timeout: bounds.lockTimeout,
    idle_in_transaction_session_timeout: bounds.idleInTransactionTimeout,
    // Behind the server's own timeout: for a server that is gone without a word.
    query_timeout: bounds.statementTimeout + 1_000,
    keepAlive: true,
    application_name: 'latchkey',
    types: { getTypeParser: (oid: number, format) => parsers.get(oid) ?? pg.types.getTypeParser(oid, format) },
  })
  // A connection that breaks between two statements says so in an event, and one that nobody hears ends the process.
  // The pool hears its idle connections alone, and tells of them once more.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ err: { message: error.message } }, 'a database connection broke'))
  })
  pool.on('error', () => undefined)
  const waiting = bounds.waiting ?? bounds.connections * 100
  const connect = async () => {
    // The pool's own queue has no end, and each that gives up in it searches all of it.
    if (pool.waitingCount >= waiting) throw new Error(tooManyWait)
    return hosts.first(() => trusted(pool, trust))
  }
  const bounded = { connect, end: () => pool.end(), options: pool.options, Client }
  return {
    dialect: new PostgresDialect({ pool: bounded }),
    state: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  }
}

/** In milliseconds and in callers: all of them share one connection, and each statement takes longer. */
export const embeddedBounds = { waiting: 1_000, acquireTimeout: 10_000 }

/** The embedded database in the same dialect. It has one connection, which goes from one to the next. */
export const connectEmbedded = (pglite: PGliteDialectConfig['pglite'], bounds = embeddedBounds): Database =>
  databaseOver(embeddedConnection(pglite, bounds))

export function embeddedConnection(pglite: PGliteDialectConfig['pglite'], bounds = embeddedBounds): Connections {
  const dialect = new OneConnectionDialect({ pglite }, bounds)
  return { dialect, state: () => dialect.state() }
}
