import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import { type Limit, type Standing, standingOf, waitFor } from '../domain/limit.ts'
import type { Ask, BucketKey, BucketStore } from './ports.ts'

/** Units that somebody wants, and whose quota it is: null where that is not known. */
export interface Want extends Ask {
  readonly userId: UserId | null
}

/** Enough of every quota, and where that leaves the first; or the first that was used up, and for how many seconds. */
export type Verdict =
  | { readonly enough: true; readonly standing: Standing; readonly fullAt: Date }
  | { readonly enough: false; readonly limit: Limit; readonly retryAfter: number }

export type TakeUnits = (wants: readonly Want[], caller: Caller) => Promise<Verdict>

interface Deps {
  readonly buckets: BucketStore
  readonly audit: Pick<Audit, 'noteOnce'>
  readonly clock: Clock
  /** Of how many quotas this process remembers that they are used up. */
  readonly atMost?: number
}

/**
 * Takes the units of all quotas that a call needs, or none.
 *
 * A quota that was found used up is refused from memory until there is something in it again, so that a flood does not
 * become one of the database. What is forgotten is asked for again.
 */
export function takeUnits({ buckets, audit, clock, atMost = 10_000 }: Deps): TakeUnits {
  const shutUntil = new Map<BucketKey, number>()

  async function refuse({ limit, key, userId }: Want, wait: number, now: Date, caller: Caller) {
    // Deleted first, so that what goes is the one that was asked for longest ago.
    shutUntil.delete(key)
    shutUntil.set(key, now.getTime() + wait)
    if (shutUntil.size > atMost) shutUntil.delete(shutUntil.keys().next().value as BucketKey)
    const event = { kind: 'rate_limited', at: now, userId, sessionId: null, caller, subject: limit.name } as const
    await audit.noteOnce(`rate_limited ${key}`, event)
    return { enough: false, limit, retryAfter: Math.max(1, Math.ceil(wait / 1000)) } as const
  }

  return async (wants, caller) => {
    const now = clock()
    for (const want of wants) {
      const wait = (shutUntil.get(want.key) ?? 0) - now.getTime()
      if (wait > 0) return refuse(want, wait, now, caller)
    }
    const answers = await buckets.take(wants, now)
    for (const [index, want] of wants.entries()) {
      const answer = answers[index]
      if (!answer || answer.enough) continue
      return refuse(want, Math.max(1, waitFor(want.limit, want.units, answer.fullAt, now)), now, caller)
    }
    const [[first], [answer]] = [wants, answers]
    if (!first || !answer) throw new Error('nothing was asked for')
    return { enough: true, standing: standingOf(first.limit, answer.fullAt, now), fullAt: answer.fullAt }
  }
}
