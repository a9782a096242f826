import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Secret } from '../../kernel/secret.ts'
import type { Log } from '../log.ts'
import { int8, safeInteger } from './safe-integer.ts'
import type { Database, Tables } from './tables.ts'

/** Bounds of a connection, in milliseconds, and of the pool, in connections. */
export interface DatabaseBounds {
  readonly connections: number
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

/**
 * A pool of connections to PostgreSQL, opened when they are first needed.
 *
 * TLS follows the URL's `sslmode` in libpq's meaning, `verify-full` and `sslrootcert` included; but `prefer` is taken for
 * `require`, for who asks for TLS gets it or an error. A connection that breaks, or on which an answer does not come, is
 * dropped; the next request opens another.
 */
export function connectPostgres(url: Secret, log: Log, bounds: DatabaseBounds = defaultBounds): Database {
  const pool = new pg.Pool({
    Client: ClientThatGivesUp,
    connectionString: withLibpqTls(url.reveal()),
    max: bounds.connections,
    connectionTimeoutMillis: bounds.acquireTimeout,
    statement_timeout: bounds.statementTimeout,
    lock_timeout: bounds.lockTimeout,
    idle_in_transaction_session_timeout: bounds.idleInTransactionTimeout,
    // Behind the server's own timeout: for a server that is gone without a word.
    query_timeout: bounds.statementTimeout + 1_000,
    keepAlive: true,
    application_name: 'latchkey',
    types: {
      getTypeParser: (oid: number, format) => (oid === int8 ? safeInteger : pg.types.getTypeParser(oid, format)),
    },
  })
  // A connection that breaks between two statements says so in an event, and one that nobody hears ends the process.
  // The pool hears its idle connections alone, and tells of them once more.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ err: { message: error.message } }, 'a database connection broke'))
  })
  pool.on('error', () => undefined)
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}

/** Ends itself when a server says nothing any more: else the pool hands it on, and each query on it waits in vain. */
class ClientThatGivesUp extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg are its own affair; all of them pass through.
  override query(...args: any[]): any {
    const answer: unknown = Reflect.apply(super.query, this, args)
    if (answer instanceof Promise) {
      answer.catch((error: Error) => {
        if (error.message === 'Query read timeout') void this.end().catch(() => undefined)
      })
    }
    return answer
  }
}

/** The embedded database in the same dialect. It has one connection, which Kysely hands from one to the next. */
export function connectEmbedded(pglite: ConstructorParameters<typeof PGliteDialect>[0]['pglite']): Database {
  return new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
}

// pg reads `require` and `prefer` as `verify-full` unless it is told to follow libpq, as every other client does.
function withLibpqTls(url: string): string {
  const parsed = new URL(url)
  if (parsed.searchParams.has('sslmode')) parsed.searchParams.set('uselibpqcompat', 'true')
  return parsed.href
}
