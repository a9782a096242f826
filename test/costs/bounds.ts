import type { Kind } from './journey.ts'

/** What one request of a kind costs. */
export interface Cost {
  /** Statements, those that open and end a transaction included; and waits for the database's answers. Exact. */
  readonly statements: number
  readonly roundTrips: number
  /** Bytes of PostgreSQL's write-ahead log, without the whole pages that the first change after a checkpoint logs. */
  readonly wal: number
  /** Bytes to and from the database. */
  readonly sent: number
  readonly received: number
  /** Bytes of the HTTP answer, its head included. */
  readonly answer: number
  /** Bytes that the service's own thread allocates: on JavaScript's heap, and outside of it. */
  readonly heap: number
  readonly outside: number
}

/** By how much a request may cost more than the figure, in shares of it. */
export const margins = { wal: 0.1, sent: 0.05, received: 0.05, answer: 0.05, heap: 0.25, outside: 0.25 } as const

/**
 * THE costs, as measured when they last changed: what a change of the service makes dearer is dear to everybody, and is
 * to be seen. A failed test prints the row as it is now. A change for the better lowers the figures.
 */
export const costs: Readonly<Record<Kind, Cost>> = {} as never

/** Statements of 32 calls that come at the same moment, at most. */
export const together = { calls: 32, me: 64, refresh: 32 } as const
