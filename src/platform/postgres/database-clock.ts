import { sql } from 'kysely'
import type { Clock } from '../../kernel/clock.ts'
import type { Database } from './tables.ts'

/**
 * The database's clock, so that all replicas share one, whatever their own say.
 *
 * Between two looks time is counted on this process's monotonic clock: a jump of the machine's clock changes nothing.
 * `look` asks the database and takes the middle of the round trip; an answer that took longer than a good one before
 * is not believed, for it is less exact than what is known.
 */
export async function databaseClock(database: Database): Promise<{ clock: Clock; look: () => Promise<void> }> {
  let anchor = 0
  let roundTrip = Number.POSITIVE_INFINITY

  async function look(): Promise<void> {
    const before = performance.now()
    const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(database)
    const after = performance.now()
    const [row] = rows
    // The bound grows with every look, lest one lucky answer be the last that counts.
    if (!row || after - before > roundTrip * 2 + 5) {
      roundTrip *= 1.5
      return
    }
    roundTrip = after - before
    anchor = row.now.getTime() - (before + after) / 2
  }

  await look()
  return { clock: () => new Date(anchor + performance.now()), look }
}
