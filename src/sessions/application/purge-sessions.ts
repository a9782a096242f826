import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly transact: Transact
  readonly clock: Clock
  /** Waits for so many milliseconds, or until the signal says that this process ends. */
  readonly rest: (milliseconds: number, stop?: AbortSignal) => Promise<unknown>
}

/** For how many seconds a session that is over is still on record. Its tokens are refused either way. */
const retention = 86_400
/** It rests so many times as long as it works: the database is then its own for a tenth of the time at most. */
const rests = 9

/**
 * Deletes the sessions that have been over for a day, a stretch of the table at a time, each in a transaction of its
 * own and with a rest after it, so that nobody notices however many they are. Answers how many were deleted.
 *
 * @param stop ends it early; the next purge does the rest.
 */
export const purgeSessions =
  ({ sessions, transact, clock, rest }: Deps) =>
  async (stop?: AbortSignal): Promise<number> => {
    const deadline = new Date(clock().getTime() - retention * 1000)
    let purged = 0
    for (let place: number | null = 0; place !== null && !stop?.aborted; ) {
      const start: number = place
      const began = clock().getTime()
      const stretch = await transact((transaction) => sessions.purge(transaction, deadline, start))
      purged += stretch.purged
      place = stretch.next
      if (place !== null) await rest(rests * (clock().getTime() - began), stop)
    }
    return purged
  }
