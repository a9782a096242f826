import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import { type Limit, type Standing, standingOf, waitFor } from '../domain/limit.ts'
import type { Ask, BucketKey, BucketStore } from './ports.ts'

/** Units that somebody wants, and whose quota it is: null where that is not known. */
export interface Want extends Ask {
  readonly userId: UserId | null
  /** Looks up whose it is, for a refusal that is put on record. */
  readonly whose?: (() => Promise<UserId | null>) | undefined
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

/** A quota that was found used up: until when, and when that was. In milliseconds. */
interface Shut {
  readonly until: number
  readonly askedAt: number
}

/** For how many milliseconds nobody asks whether a used-up quota was given back meanwhile, by another process. */
const silence = 2_000

/**
 * Takes the units of all quotas that a call needs, or none.
 *
 * A quota that was found used up is refused from memory until there is something in it again, so that a flood does not
 * become one of the database: once in `silence` one who comes asks, and the others do not wait for it. What is forgotten
 * is asked for again.
 */
export function takeUnits({ buckets, audit, clock, atMost = 10_000 }: Deps): TakeUnits {
  const shut = new Map<BucketKey, Shut>()

  function remember(key: BucketKey, found: Shut): void {
    // Deleted first, so that what goes is the one that was asked for longest ago.
    shut.delete(key)
    shut.set(key, found)
    if (shut.size > atMost) shut.delete(shut.keys().next().value as BucketKey)
  }

  async function refuse({ limit, key, userId, whose }: Want, found: Shut, now: Date, caller: Caller) {
    remember(key, found)
    const wait = found.until - now.getTime()
    const event = { kind: 'rate_limited', at: now, userId, sessionId: null, caller, subject: limit.name } as const
    await audit.noteOnce(`rate_limited ${key}`, event, whose)
    return { enough: false, limit, retryAfter: Math.max(1, Math.ceil(wait / 1000)) } as const
  }

  return async (wants, caller) => {
    const now = clock()
    const at = now.getTime()
    for (const want of wants) {
      const found = shut.get(want.key)
      if (found && found.until > at && Math.abs(at - found.askedAt) < silence) return refuse(want, found, now, caller)
    }
    // Who asks is the one who asks for all that come until there is an answer.
    for (const { key } of wants) {
      const found = shut.get(key)
      if (found) remember(key, { ...found, askedAt: at })
    }
    const answers = await buckets.take(wants, now)
    for (const [index, { key }] of wants.entries()) if (answers[index]?.enough) shut.delete(key)
    for (const [index, want] of wants.entries()) {
      const answer = answers[index]
      if (!answer || answer.enough) continue
      const until = at + Math.max(1, waitFor(want.limit, want.units, answer.fullAt, now))
      return refuse(want, { until, askedAt: at }, now, caller)
    }
    const [[first], [answer]] = [wants, answers]
    if (!first || !answer) throw new Error('nothing was asked for')
    return { enough: true, standing: standingOf(first.limit, answer.fullAt, now), fullAt: answer.fullAt }
  }
}
