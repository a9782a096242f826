/** How far causes of causes are followed. */
const deepest = 5

/** What a PostgreSQL server says of an error besides its text (its protocol, section 55.8), and names no value with. */
const names = ['code', 'severity', 'schema', 'table', 'column', 'constraint', 'dataType', 'routine', 'position']

/** State of the server, of the connection or of a lock: told without a word of the data. */
const stateClasses = /^(08|25|28|3D|40|53|55|57|58|XX)/
/** Data that is not what it must be, and what functions and other servers say (PostgreSQL, appendix A). */
const quotingClasses = /^(22|38|39|HV|P0)/

/**
 * An error as a line of the log shows it. One of the database is shown by what it names: its detail, its hint and its
 * context quote the row that it fails on, password hash and all, and so does its text where a value is at fault, or a
 * function or a trigger raises it. Such a text is left out; the code says what happened, and the server's log the rest.
 */
export function errorLine(error: unknown, depth = 0): unknown {
  if (!isErrorLike(error)) return error
  const { message: text, cause, errors } = error
  const isFromDatabase = typeof error.severity === 'string'
  const quotes = isFromDatabase && mayQuote(error)
  const message = quotes ? 'not shown, for it may quote a row of the database' : text
  return {
    type: error.constructor?.name ?? 'Error',
    message,
    stack: stackOf(error, message),
    ...(isFromDatabase ? pick(error, quotes ? ['code', 'severity', 'routine'] : names) : plain(error)),
    ...(cause !== undefined && depth < deepest && { cause: errorLine(cause, depth + 1) }),
    ...(Array.isArray(errors) && depth < deepest && { errors: errors.map((one) => errorLine(one, depth + 1)) }),
  }
}

type ErrorLike = Readonly<Record<string, unknown>> & { readonly message: string; readonly stack?: unknown }

const isErrorLike = (value: unknown): value is ErrorLike =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'

function mayQuote({ code, routine, where, internalQuery }: ErrorLike): boolean {
  // Whoever writes a trigger chooses text and code.
  if (typeof code !== 'string' || routine === 'exec_stmt_raise' || quotingClasses.test(code)) return true
  return !stateClasses.test(code) && Boolean(where || internalQuery)
}

/** The stack with the text that is shown, or nothing where nobody can tell which part of it is the text. */
function stackOf({ message, stack }: ErrorLike, shown: string): string | undefined {
  if (typeof stack !== 'string' || message === shown) return stack as string | undefined
  return stack.includes(message) && message !== '' ? stack.replaceAll(message, () => shown) : undefined
}

const pick = (error: ErrorLike, members: readonly string[]) =>
  Object.fromEntries(members.flatMap((name) => (error[name] === undefined ? [] : [[name, error[name]]])))

/** What else an error carries, as far as it is no object: that may be a connection, a request or a row. */
function plain(error: ErrorLike) {
  const known = ['message', 'stack', 'cause', 'errors', 'detail', 'params', 'query']
  const isPlain = (value: unknown) => typeof value !== 'object' || value === null || 'toJSON' in value
  return Object.fromEntries(Object.entries(error).filter(([name, value]) => !known.includes(name) && isPlain(value)))
}
