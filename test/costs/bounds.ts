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
export const margins = { wal: 0.1, sent: 0.05, received: 0.05, answer: 0.05, heap: 0.1 } as const

/** Bytes that are nobody's: the server logs a line of its own now and then. */
export const slack = 16

/**
 * THE costs, as measured when they last changed: what a change of the service makes dearer is dear to everybody, and is
 * to be seen. A failed test prints the row as it is now. A change for the better lowers the figures.
 */
// biome-ignore format: a table.
export const costs: Readonly<Record<Kind, Cost>> = {
  register: { statements: 6, roundTrips: 6, wal: 1668, sent: 3868, received: 390, answer: 556, heap: 154000 },
  login: { statements: 12, roundTrips: 12, wal: 2243, sent: 8122, received: 1063, answer: 1446, heap: 337000 },
  'login from a new place': { statements: 13, roundTrips: 13, wal: 2894, sent: 8862, received: 1110, answer: 1446, heap: 360000 },
  'failed login': { statements: 5, roundTrips: 5, wal: 1412, sent: 5941, received: 758, answer: 833, heap: 181000 },
  refresh: { statements: 1, roundTrips: 1, wal: 233, sent: 178, received: 564, answer: 1508, heap: 69500 },
  'raced refresh': { statements: 6, roundTrips: 6, wal: 863, sent: 1798, received: 1261, answer: 1030, heap: 147700 },
  'expired refresh': { statements: 1, roundTrips: 1, wal: 756, sent: 1280, received: 37, answer: 810, heap: 46900 },
  'forged refresh': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 823, heap: 23400 },
  me: { statements: 1, roundTrips: 1, wal: 0, sent: 96, received: 333, answer: 480, heap: 45000 },
  'forged me': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 823, heap: 24300 },
  sessions: { statements: 2, roundTrips: 2, wal: 0, sent: 317, received: 1158, answer: 1027, heap: 76000 },
  jwks: { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 715, heap: 18200 },
  metadata: { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 698, heap: 17800 },
  'forged logout': { statements: 0, roundTrips: 0, wal: 0, sent: 0, received: 0, answer: 823, heap: 24600 },
  logout: { statements: 4, roundTrips: 4, wal: 961, sent: 1939, received: 237, answer: 376, heap: 110900 },
  'reused refresh': { statements: 7, roundTrips: 7, wal: 908, sent: 2437, received: 1428, answer: 1030, heap: 196100 },
  'end a session': { statements: 5, roundTrips: 5, wal: 1043, sent: 2040, received: 570, answer: 376, heap: 137400 },
  'end the other sessions': { statements: 5, roundTrips: 5, wal: 1837, sent: 2484, received: 643, answer: 376, heap: 139200 },
  'change of password': { statements: 11, roundTrips: 11, wal: 2606, sent: 6790, received: 1184, answer: 449, heap: 313700 },
}

/** Statements of 32 calls of which all have come before the first is answered, at most. */
export const together = { calls: 32, me: 4, refresh: 4 } as const

/**
 * Bytes of a request that outlive the young generation, at most. One and a half times what is measured, which is from
 * requests under way when it is collected; what holds all that a request made keeps several times as much.
 */
export const promoted = { me: 360, refresh: 600 } as const
