import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { type Limit, type Standing, standingOf, stepOf, waitFor } from '../domain/limit.ts'
import type { Answer, BucketKey, BucketStore } from './ports.ts'

/** What somebody wants one unit of. */
export interface Want {
  readonly limit: Limit
  readonly key: BucketKey
}

/** Enough of every quota, and where that leaves the first; or the first that was used up, and for how many seconds. */
export type Verdict =
  | { readonly enough: true; readonly standing: Standing }
  | { readonly enough: false; readonly limit: Limit; readonly retryAfter: number }

interface Deps {
  readonly buckets: BucketStore
  readonly audit: Audit
  readonly clock: Clock
  /** How many buckets this process remembers. */
  readonly atMost?: number
}

/** What this process knows of a bucket without asking. */
interface Memory {
  /** Units given out and not settled yet, the first of them at `since`. */
  given: number
  since: number
  fullAt: Date
  /** Until when nothing is left. */
  shutUntil: number
  /** When the audit log was last told. */
  toldAt: number
}

/** In milliseconds: one who goes on calling at a quota that is used up is on record once in this time. */
const quiet = 60_000

/**
 * Takes one unit of each quota that a call needs, of all or of none.
 *
 * A quota that was found used up is refused from memory until there is something in it again, so that a flood does not
 * become one of the database. Where a limit has a share, the units below it are given out and settled together. Both
 * memories are bounded: what is forgotten is asked for again.
 */
export function limitCalls({ buckets, audit, clock, atMost = 10_000 }: Deps) {
  const memories = new Map<BucketKey, Memory>()

  function memoryOf(key: BucketKey, now: Date): Memory {
    const known = memories.get(key)
    if (known) return known
    const [oldest] = memories.keys()
    if (memories.size >= atMost && oldest !== undefined) memories.delete(oldest)
    const memory = { given: 0, since: now.getTime(), fullAt: now, shutUntil: 0, toldAt: 0 }
    memories.set(key, memory)
    return memory
  }

  /** Whether the unit can be given out without asking; else it and those before it are to be settled. */
  function isWithinShare({ limit, key }: Want, now: Date): boolean {
    if (limit.share === 1) return false
    const memory = memoryOf(key, now)
    if (now.getTime() - memory.since >= limit.window * 1000) Object.assign(memory, { given: 0, since: now.getTime() })
    memory.given++
    return memory.given < limit.share
  }

  /** Takes what is to be settled out of the memory; it comes back if nothing was taken. */
  function settle({ limit, key }: Want, now: Date) {
    if (limit.share === 1) return { key, limit, units: 1 }
    const memory = memoryOf(key, now)
    const units = memory.given
    Object.assign(memory, { given: 0, since: now.getTime() })
    return { key, limit, units }
  }

  function keep(asks: readonly { key: BucketKey; limit: Limit; units: number }[], now: Date): void {
    for (const { key, limit, units } of asks) if (limit.share > 1) memoryOf(key, now).given += units - 1
  }

  async function refused(limit: Limit, key: BucketKey, wait: number, now: Date, caller: Caller): Promise<Verdict> {
    const memory = memoryOf(key, now)
    memory.shutUntil = now.getTime() + wait
    if (now.getTime() - memory.toldAt >= quiet) {
      memory.toldAt = now.getTime()
      await audit.note({ kind: 'rate_limited', at: now, userId: null, sessionId: null, caller, subject: limit.name })
    }
    return { enough: false, limit, retryAfter: Math.max(1, Math.ceil(wait / 1000)) }
  }

  return async (wants: readonly Want[], caller: Caller): Promise<Verdict> => {
    const now = clock()
    for (const { limit, key } of wants) {
      const wait = (memories.get(key)?.shutUntil ?? 0) - now.getTime()
      if (wait > 0) return refused(limit, key, wait, now, caller)
    }
    const asks = wants.filter((want) => !isWithinShare(want, now)).map((want) => settle(want, now))
    const answers = asks.length === 0 ? [] : await ask()
    const short = answers.findIndex(({ enough }) => !enough)
    const [ofShort, answer] = [asks[short], answers[short]]
    if (ofShort && answer) {
      keep(asks, now)
      const wait = Math.max(1, waitFor(ofShort.limit, ofShort.units, answer.fullAt, now))
      return refused(ofShort.limit, ofShort.key, wait, now, caller)
    }
    return { enough: true, standing: standing() }

    async function ask(): Promise<readonly Answer[]> {
      try {
        return await buckets.take(asks, now)
      } catch (error) {
        keep(asks, now)
        throw error
      }
    }

    function standing(): Standing {
      const [first] = wants
      if (!first) throw new Error('nothing was asked for')
      const answer = answers[asks.findIndex(({ key }) => key === first.key)]
      if (first.limit.share === 1) return standingOf(first.limit, answer?.fullAt ?? now, now)
      const memory = memoryOf(first.key, now)
      memory.fullAt = answer?.fullAt ?? memory.fullAt
      const settled = Math.max(memory.fullAt.getTime(), now.getTime())
      return standingOf(first.limit, new Date(settled + memory.given * stepOf(first.limit)), now)
    }
  }
}
