import { Type } from 'typebox'
import { Refusal, type RefusalCode } from '../../kernel/refusal.ts'

interface Face {
  readonly status: number
  readonly title: string
  /** For the person who meets it: what it means and what to do. */
  readonly help: string
}

/** The public face of every refusal. A code without one does not compile. */
export const faces = {
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    help: 'The request could not be read: its JSON does not parse, is not UTF-8, or holds a character that no text may hold.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    help: 'The request was read, but its fields are not what they must be. `errors` names each field.',
  },
  invalid_credentials: {
    status: 401,
    title: 'Invalid credentials',
    help: 'No account has this e-mail address and password. Which of the two is wrong is not said.',
  },
  invalid_token: {
    status: 401,
    title: 'Invalid token',
    help: 'The token is missing, is not one of this service, is of another kind, or its session is over. Log in again.',
  },
  token_expired: {
    status: 401,
    title: 'Token expired',
    help: 'The token was genuine and is past its end. Refresh, or log in again if it was a refresh token.',
  },
  refresh_token_reused: {
    status: 401,
    title: 'Refresh token reused',
    help: 'This refresh token was exchanged already. Within the reuse window another tab has the successor; later, the session was ended, for the token may be stolen.',
  },
  email_taken: {
    status: 409,
    title: 'E-mail address taken',
    help: 'An account with this e-mail address exists. Log in instead.',
  },
  not_found: { status: 404, title: 'Not found', help: 'There is nothing here that you may see.' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    help: 'This address exists, but not for this method. The `Allow` header names those that it has.',
  },
  request_timeout: { status: 408, title: 'Request timeout', help: 'The request did not arrive in time.' },
  body_too_large: { status: 413, title: 'Body too large', help: 'A request body is at most 16 KiB.' },
  headers_too_large: { status: 431, title: 'Headers too large', help: 'The headers together are at most 16 KiB.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    help: 'A request body is `application/json`, in UTF-8 and not compressed.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    help: 'Wait for as many seconds as `Retry-After` says.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    help: 'More passwords wait to be checked than can be in time. Nothing was done; try again after `Retry-After`.',
  },
  database_unavailable: {
    status: 503,
    title: 'Database unavailable',
    help: 'The database did not answer in time. Try again after `Retry-After`.',
  },
  shutting_down: { status: 503, title: 'Shutting down', help: 'This process is about to end. Another one serves.' },
  internal_error: {
    status: 500,
    title: 'Internal error',
    help: 'A fault of the service. It is in the log under the `request_id`.',
  },
} as const satisfies Record<RefusalCode, Face>

/** The code of an HTTP status that the framework or the parser answers by itself. */
const codeOfStatus: Readonly<Record<number, RefusalCode>> = {
  // A static file that must not be seen is not there.
  403: 'not_found',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  // An id that no route can hold is nobody's.
  414: 'not_found',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
}

/** RFC 9457, section 3, with the members `code`, `request_id` and, for 422, `errors`. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: RefusalCode
  readonly request_id: string
  readonly errors?: Refusal['errors']
}

/** Turns whatever was thrown into a refusal. `translate` knows the errors of one technology, the database's say. */
export function refusalOf(error: unknown, translate: (error: unknown) => Refusal | null): Refusal {
  if (error instanceof Refusal) return error
  // First of all the framework's own: a client that hangs up gives ECONNRESET too, and says nothing of the database.
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    // Its code alone: its text may quote the address, and with it whatever somebody put there.
    const because = (error as Error & { code?: string }).code ?? `status ${status}`
    return new Refusal(codeOfStatus[status] ?? 'malformed_request', { because })
  }
  return translate(error) ?? new Refusal('internal_error', { cause: error })
}

/** A fresh problem for each answer: an error object that two requests share would tell one of the other. */
export function problemOf(refusal: Refusal, requestId: string, publicUrl: string): Problem {
  const { status, title, help } = faces[refusal.code]
  return {
    type: `${publicUrl}${problemsPath}#${refusal.code}`,
    title,
    status,
    detail: help,
    code: refusal.code,
    request_id: requestId,
    ...(refusal.errors && { errors: refusal.errors }),
  }
}

/** Where every code is explained; the base of `type`. */
export const problemsPath = '/api/problems'

const everywhere = ['malformed_request', 'too_many_requests', 'internal_error', 'database_unavailable'] as const

/** What a route may answer besides if its method can bring a body along, also to a route that wants none. */
export const bodyRefusals = ['body_too_large', 'unsupported_media_type'] as const

/** The refusals of a route in its response schema, by status, with those that any route may answer. */
export function refusals(...codes: RefusalCode[]) {
  const all = [...new Set<RefusalCode>([...codes, ...everywhere])]
  const statuses = Map.groupBy(all, (code) => faces[code].status)
  return Object.fromEntries(
    [...statuses].toSorted(([a], [b]) => a - b).map(([status, codes]) => [status, problemResponse(codes)]),
  )
}

function problemResponse(codes: readonly RefusalCode[]) {
  const first = codes[0] ?? 'internal_error'
  const { status } = faces[first]
  return {
    ...headersOf(status),
    description: codes.map((code) => `\`${code}\`: ${faces[code].title}.`).join(' '),
    content: {
      'application/problem+json': {
        schema: Type.Object({
          type: Type.String({ format: 'uri' }),
          title: Type.String(),
          status: Type.Literal(status),
          detail: Type.String(),
          code: Type.Unsafe<RefusalCode>({ type: 'string', enum: codes }),
          request_id: Type.String(),
          ...(codes.includes('validation_failed') && { errors: Type.Optional(Type.Array(FieldErrorSchema)) }),
        }),
        examples: Object.fromEntries(
          codes.map((code) => [code, { value: problemOf(exampleOf(code), 'f'.repeat(32), 'http://localhost:1602') }]),
        ),
      },
    },
  }
}

/** The headers that every refusal of a status bears. */
function headersOf(status: number) {
  if (status === 401) {
    const description = '`Bearer`, and what is wrong with the token.'
    return { headers: { 'WWW-Authenticate': { type: 'string', description } } }
  }
  if (status !== 429 && status !== 503) return {}
  const description = 'After how many seconds it makes sense to try again.'
  const retryAfter = { 'Retry-After': { type: 'integer', description } }
  if (status === 503) return { headers: retryAfter }
  const [policy, left] = ['The limits of this call, by the IETF draft.', 'What is left of them, by the IETF draft.']
  const text = (description: string) => ({ type: 'string', description })
  return { headers: { ...retryAfter, 'RateLimit-Policy': text(policy), RateLimit: text(left) } }
}

const FieldErrorSchema = Type.Object({ field: Type.String(), code: Type.String(), message: Type.String() })

function exampleOf(code: RefusalCode): Refusal {
  const errors = [{ field: 'email', code: 'required', message: 'This field is required.' }]
  return new Refusal(code, code === 'validation_failed' ? { errors } : {})
}
