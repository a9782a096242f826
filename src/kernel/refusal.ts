/** Every way in which a call can be refused. Public API: a code is never renamed and never changes its meaning. */
export type RefusalCode =
  | 'malformed_request'
  | 'validation_failed'
  | 'invalid_credentials'
  | 'invalid_token'
  | 'token_expired'
  | 'refresh_token_reused'
  | 'email_taken'
  | 'not_found'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'body_too_large'
  | 'headers_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'overloaded'
  | 'database_unavailable'
  | 'shutting_down'
  | 'internal_error'

/** One field that a person can mend. `code` is stable; `message` is for reading. */
export interface FieldError {
  readonly field: string
  readonly code: string
  readonly message: string
}

export interface RefusalDetails {
  /** The exact reason, for the log alone: several reasons may share one public face. */
  readonly because?: string
  readonly errors?: readonly FieldError[]
  /** After how many whole seconds it makes sense to try again (RFC 9110, section 10.2.3). */
  readonly retryAfter?: number
  readonly cause?: unknown
}

/** What a use case throws when it will not do what it was asked; anything else that is thrown is a bug. */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly because: string | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly retryAfter: number | undefined

  constructor(code: RefusalCode, details: RefusalDetails = {}) {
    super(code, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'Refusal'
    this.code = code
    this.because = details.because
    this.errors = details.errors
    this.retryAfter = details.retryAfter
  }
}
