import type { Clock } from '../../kernel/clock.ts'
import { placeMemory } from './guard-logins.ts'
import type { BucketStore, PlaceStore } from './ports.ts'

interface Deps {
  readonly buckets: BucketStore
  readonly places: PlaceStore
  readonly clock: Clock
  /** How many buckets are kept, whoever calls from wherever. */
  readonly atMost: number
}

/** Deletes what no longer limits anybody, and what is beyond the tables' bound. Answers how many rows that were. */
export const purgeThrottle =
  ({ buckets, places, clock, atMost }: Deps) =>
  async (): Promise<number> => {
    const now = clock()
    const stale = new Date(now.getTime() - placeMemory * 1000)
    return (await untilNone(() => buckets.purge(now, atMost))) + (await untilNone(() => places.purge(stale)))
  }

async function untilNone(some: () => Promise<number>): Promise<number> {
  let all = 0
  for (let more = await some(); more > 0; more = await some()) all += more
  return all
}
