import { type FieldError, type RefusalCode, refusalCodes } from './api-types.ts'

/** The body of a refusal (RFC 9457), as it came. An answer of something in between may hold none of it. */
export type Problem = Readonly<Record<string, unknown>>

/** The service answered, and the answer is no. */
export class Refused extends Error {
  /** `unknown` for an answer that is not of the service, or of a newer one: see `status` and `problem`. */
  readonly code: RefusalCode | 'unknown'
  readonly status: number
  /** Under which the service has it in its log; empty when the answer is not of the service. */
  readonly requestId: string
  /** For `validation_failed`: which fields to mend. */
  readonly errors: readonly FieldError[] | undefined
  /** After how many seconds it makes sense to try again. */
  readonly retryAfter: number | undefined
  readonly problem: Problem

  constructor(status: number, problem: Problem, retryAfter?: number) {
    super(String(problem.detail ?? problem.title ?? `The answer was ${status}.`))
    this.name = 'Refused'
    this.code = refusalCodes.find((code) => code === problem.code) ?? 'unknown'
    this.status = status
    this.requestId = String(problem.request_id ?? '')
    this.errors = Array.isArray(problem.errors) ? problem.errors : undefined
    this.retryAfter = retryAfter
    this.problem = problem
  }
}

/** No answer came, or none that can be read: `cause` tells why. Whether the service did what it was asked is not known. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The service cannot be reached.', { cause })
    this.name = 'Unreachable'
  }
}

type TokenRefusal = 'invalid_token' | 'token_expired'

export const isTokenRefusal = (code: unknown): code is TokenRefusal =>
  code === 'invalid_token' || code === 'token_expired'
