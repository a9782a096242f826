import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { limits } from '../domain/limit.ts'
import type { Verdict, Want } from './limit-calls.ts'
import type { BucketStore, KeyOf, PlaceStore } from './ports.ts'

/** A login that may try one password. */
export interface LoginAttempt {
  /** Whether the person has logged in from this place before. */
  readonly isKnownPlace: boolean
  /** The password was right: what was taken for a failure is given back, and the place is known from now on. */
  succeeded(): Promise<void>
  /** No password was tried: what was taken is given back. */
  withdrawn(): Promise<void>
}

/** @throws Refusal too_many_requests. */
export type GuardLogins = (typed: string, caller: Caller) => Promise<LoginAttempt>

interface Deps {
  readonly take: (wants: readonly Want[], caller: Caller) => Promise<Verdict>
  readonly buckets: BucketStore
  readonly places: PlaceStore
  readonly keyOf: KeyOf
  readonly clock: Clock
  /** The place that an address counts as. */
  readonly placeOf: (ip: string | null) => string
}

/** For how long a place is known after the last login there, in seconds. */
export const placeMemory = 90 * 86_400
/** How many places of one account are known: those that were used last. */
const placesPerAccount = 20
/** A login from a known place renews its memory once in this many seconds. */
const renewal = 86_400

/**
 * Slows down who guesses at passwords: by account and place, and by account for all places where nobody has logged in
 * to it. A stranger so uses up what strangers have, and a place that the person knows keeps its own quota.
 *
 * Each attempt is taken for a failure until it has succeeded, so that attempts at the same moment count like others.
 */
export const guardLogins =
  ({ take, buckets, places, keyOf, clock, placeOf }: Deps): GuardLogins =>
  async (typed, caller) => {
    const now = clock()
    const account = keyOf('account', typed)
    const place = keyOf('place', placeOf(caller.ip))
    const lastAt = await places.lastLogin(account, place)
    const isKnownPlace = lastAt !== null && now.getTime() - lastAt.getTime() < placeMemory * 1000
    const pair = { limit: limits.loginPair, key: keyOf('pair', account, place), units: 1 }
    const elsewhere = { limit: limits.loginElsewhere, key: keyOf('elsewhere', account), units: 1 }
    const taken = isKnownPlace ? [pair] : [pair, elsewhere]
    const verdict = await take(taken, caller)
    if (!verdict.enough) {
      throw new Refusal('too_many_requests', { because: verdict.limit.name, retryAfter: verdict.retryAfter })
    }
    return {
      isKnownPlace,
      async succeeded() {
        // Who knows the password has not guessed: this place starts anew, and the others lose nothing by it.
        const [, ...others] = taken
        await buckets.refund([{ ...pair, units: pair.limit.quota }, ...others])
        if (isKnownPlace && now.getTime() - lastAt.getTime() < renewal * 1000) return
        await places.remember(account, place, now, placesPerAccount)
      },
      withdrawn: () => buckets.refund(taken),
    }
  }
