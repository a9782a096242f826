import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly transact: Transact
  readonly clock: Clock
}

/** For how many seconds a session that is over is still on record. Its tokens are refused either way. */
const retention = 86_400

/**
 * Deletes the sessions that have been over for a day, a stretch of the table at a time, each in a transaction of its
 * own, so that nobody waits for it. Answers how many were deleted.
 */
export const purgeSessions =
  ({ sessions, transact, clock }: Deps) =>
  async (): Promise<number> => {
    const deadline = new Date(clock().getTime() - retention * 1000)
    let purged = 0
    for (let place: number | null = 0; place !== null; ) {
      const start: number = place
      const stretch = await transact((transaction) => sessions.purge(transaction, deadline, start))
      purged += stretch.purged
      place = stretch.next
    }
    return purged
  }
