import { ConfigError } from '../config.ts'
import { Refusal } from '../kernel/refusal.ts'
import { DataDirLocked } from '../platform/data-dir.ts'
import { errorLine } from '../platform/error-line.ts'
import { databaseRefusal } from '../platform/postgres/faults.ts'
import type { Outcome } from './exit-codes.ts'

/** What a command throws when it will not or can not do what it was asked. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly outcome: Outcome

  constructor(outcome: Outcome, message: string) {
    super(message)
    this.outcome = outcome
  }
}

export interface Failure {
  readonly outcome: Outcome
  /** A word for programs: the code of a refusal, or the outcome. */
  readonly code: string
  /** For people; of a wrong configuration one for each variable. */
  readonly sentences: readonly string[]
}

/** What is said of an error, and how the process ends. */
export function failureOf(error: unknown): Failure {
  const failure = (outcome: Outcome, ...sentences: string[]) => ({ outcome, code: outcome as string, sentences })
  if (error instanceof CommandFailed) return failure(error.outcome, error.message)
  if (error instanceof ConfigError) return failure('configuration', ...error.problems)
  if (error instanceof DataDirLocked) return failure('database', error.message)
  if (error instanceof Refusal) return { ...failure('refused', ...refusalSentences(error)), code: error.code }
  return failure(isOfDatabase(error) ? 'database' : 'failed', reason(error))
}

/** Access to a database that refuses it, or that is not there (PostgreSQL, appendix A). */
const refusesAccess = /^(28|3D)/

function isOfDatabase(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return databaseRefusal(error) !== null || refusesAccess.test(String(code ?? '')) || name === 'MigrationError'
}

function refusalSentences({ code, because, errors = [] }: Refusal): string[] {
  if (errors.length === 0) return [`Refused: ${because ?? code}.`]
  return errors.map(({ field, code, message }) => `Refused: ${field}: ${message.replace(/\.$/, '')} (${code}).`)
}

/** Why something failed, in one sentence. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0])
  const { code, syscall, address, port } = (error ?? {}) as NodeJS.ErrnoException & Record<string, unknown>
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use by another program. Set PORT, or ADMIN_PORT where it is that, to a free one.`
  if (syscall === 'connect') return `The database at ${address}:${port} does not answer (${code}). Check DATABASE_URL.`
  if (syscall === 'getaddrinfo') return `The database's host can't be found (${code}). Check DATABASE_URL.`
  if (error instanceof Refusal) return refusalSentences(error)[0] ?? error.code
  const shown = errorLine(error)
  return typeof shown === 'object' && shown !== null && 'message' in shown ? String(shown.message) : String(error)
}
