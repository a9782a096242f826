import type { IncomingMessage } from 'node:http'
import type { RefusalCode } from '../kernel/refusal.ts'

/** How a request was answered. */
export interface Answered {
  readonly method: string
  /** The template of the route; `none` where there is none. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/** How the connections to the database are used. */
export interface PoolState {
  readonly total: number
  readonly idle: number
  /** How many callers wait for one. */
  readonly waiting: number
}

/** How things stand when somebody looks. Times are in seconds. */
export interface Standing {
  readonly pool?: PoolState
  /** Null where another process hashes for this one. */
  readonly hashing?: { readonly waiting: number; readonly running: number } | null
  readonly keys?: { readonly published: number; readonly signingFor: number; readonly untilNext: number } | null
  /** Events without a place in the chain, and for how long the oldest of them has waited; null while it can't be told. */
  readonly audit?: { readonly unsealed: number; readonly oldest: number } | null
}

/**
 * What a process tells of its work while it does it, to whoever watches it. Every word of it is one of the program's
 * own, never one of a caller's: no address, no token, no id of a person.
 */
export interface Watch {
  /** Whether each request is a trace, whose id then stands in the log. */
  readonly traces: boolean
  /** A request has come: the rest of its handling is `proceed`, and what is told from within belongs to it. */
  begun(message: IncomingMessage, requestId: string, proceed: () => void): void
  /** Its body has come, maybe later and from elsewhere than its head: `proceed` is the rest, as in `begun`. */
  resumed(message: IncomingMessage, proceed: () => void): void
  /** @param because the exact reason, where it is one of a few. */
  refused(message: IncomingMessage | null, route: string, code: RefusalCode, because: string | undefined): void
  answered(message: IncomingMessage, answer: Answered): void
  /** Answered before it was read so far that it had a route. */
  unread(status: number): void
  /** The client has gone before it was answered. */
  hungUp(message: IncomingMessage, at: Pick<Answered, 'method' | 'route'>): void
  /** @param name of a prepared statement, or the first word of another. */
  statement(name: string, seconds: number, failed: boolean): void
  /** @param seconds from the call to its answer, the queue included. */
  hashed(operation: 'hash' | 'verify', seconds: number, failed: boolean): void
  /** What became of a refresh. */
  refreshed(outcome: string): void
  /** A worker of this process has died, and another takes its place. */
  workerDied(): void
  /** Hands over how to look at what only stands somewhere. */
  look(at: () => Promise<Standing>): void
}
