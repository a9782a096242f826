import { Refusal } from '../../kernel/refusal.ts'
import { EmbeddedStopped } from './embedded-stopped.ts'

// SQLSTATE classes and codes that say "not now" rather than "never" (PostgreSQL, appendix A).
const passing = /^(08...|28...|53...|57P0[1-5]|57014|55P03|25006|25P0[34]|40001|40P01|58...|F0001|XX001|XX002)$/
const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ENETDOWN',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
  'EAI_FAIL',
  'EMFILE',
  'ENFILE',
])
/** In the words of `pg`. */
export const tooLong = 'timeout exceeded when trying to connect'
/** What a caller hears for whom no connection is free, and no place among those who wait for one. */
export const tooManyWait = 'too many wait for a connection'
/** What a caller hears whose statement got no answer, not even that it took too long. */
export const noAnswer = 'the database does not answer'

/**
 * How long those who go together may wait for their turn at the database, in milliseconds, and how many of them, and what
 * they hear then. As many may as there are connections from clients; a thousand callers wait for one connection, of which
 * each stands for many of these.
 */
export const turnWithin = (patienceMs: number) => ({
  patienceMs,
  tooLate: () => new Error(tooLong),
  waiting: 10_000,
  tooMany: () => new Error(tooManyWait),
  hadNoTurn: (error: unknown) => error instanceof Error && (error.message === tooLong || error.message === tooManyWait),
})

export type Turn = ReturnType<typeof turnWithin>

// What `pg` and its pool say without a code of their own.
const messages =
  /^(too many wait for a connection|the database does not answer|timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error|timeout expired|Client was closed and is not queryable|Cannot use a pool after|The server does not support SSL)/i

/** Whether a transaction that failed so may be run again (40001 serialization_failure, 40P01 deadlock_detected). */
export const isRetryable = (error: unknown): boolean => /^(40001|40P01)$/.test(sqlState(error) ?? '')

/**
 * Whether the database refused a statement for what is in it (data exception, integrity) and not because it can't serve:
 * nothing was done then, and one with less in it may fare better.
 */
export const isOfContent = (error: unknown): boolean => /^(2[123]|44)...$/.test(sqlState(error) ?? '')

/** The refusal for a fault of the database, or null when `error` is something else, a bug for instance. */
export function databaseRefusal(error: unknown): Refusal | null {
  const code = sqlState(error)
  const unavailable =
    error instanceof EmbeddedStopped ||
    (code !== undefined && (passing.test(code) || network.has(code))) ||
    (error instanceof AggregateError && error.errors.some((one) => databaseRefusal(one) !== null)) ||
    (error instanceof Error && messages.test(error.message))
  return unavailable
    ? new Refusal('database_unavailable', { because: code ?? 'no answer', retryAfter: 1, cause: error })
    : null
}

/** What a server says that takes no writes: a standby, or one whose transactions are read-only (read_only_sql_transaction). */
export const readOnly = '25006'

/**
 * Whether a connection that failed so may be had from another host of the same database: nobody answers, or who answers
 * can't serve now. What is wrong in itself, such as a password or a certificate, is so at each, and is told.
 */
export const triesElsewhere = (error: unknown): boolean =>
  databaseRefusal(error) !== null &&
  !/^28/.test(sqlState(error) ?? '') &&
  // These say nothing of a host: the pool has no connection to give, or is closed.
  !(error instanceof Error && /^(timeout exceeded when trying to connect|Cannot use a pool after)/.test(error.message))

function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
