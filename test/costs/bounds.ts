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
  /** Bytes that the service's own thread allocates on JavaScript's heap. */
  readonly heap: number
}

/** By how much a request may cost more than the figure, in shares of it. */
export const margins = { wal: 0.1, sent: 0.05, received: 0.05, answer: 0.05, heap: 0.25 } as const

/** Bytes that are nobody's: the server logs a line of its own now and then. */
export const slack = 16

/**
 * THE costs, as measured when they last changed: what a change of the service makes dearer is dear to everybody, and is
 * to be seen. A failed test prints the row as it is now. A change for the better lowers the figures.
 */
// biome-ignore format: a table.
export const costs: Readonly<Record<Kind, Cost>> = {
  register: { statements: 6, roundTrips: 6, wal: 1668, sent: 3868, received: 390, answer: 771, heap: 168700 },
  login: { statements: 12, roundTrips: 12, wal: 2243, sent: 8188, received: 1063, answer: 1661, heap: 351400 },
  'login from a new place': { statements: 13, roundTrips: 13, wal: 2893, sent: 8928, received: 1110, answer: 1661, heap: 374400 },
  'failed login': { statements: 5, roundTrips: 5, wal: 1292, sent: 6007, received: 758, answer: 1048, heap: 190300 },
  refresh: { statements: 1, roundTrips: 1, wal: 174, sent: 430, received: 569, answer: 1723, heap: 94900 },
  'forged refresh': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 1038, heap: 37500 },
  me: { statements: 2, roundTrips: 2, wal: 0, sent: 231, received: 693, answer: 695, heap: 82400 },
  'forged me': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 1038, heap: 39200 },
  sessions: { statements: 2, roundTrips: 2, wal: 0, sent: 349, received: 1394, answer: 1242, heap: 97400 },
  jwks: { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 930, heap: 32100 },
  'forged logout': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 1038, heap: 39600 },
  logout: { statements: 4, roundTrips: 4, wal: 961, sent: 1939, received: 237, answer: 591, heap: 128900 },
}

/** Statements of 32 calls that come at the same moment, at most. */
export const together = { calls: 32, me: 64, refresh: 32 } as const
