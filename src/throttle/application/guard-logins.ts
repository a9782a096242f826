import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { limits } from '../domain/limit.ts'
import type { BucketKey, BucketStore, KeyOf, PlaceStore } from './ports.ts'
import type { TakeUnits } from './take-units.ts'

/** A login that may try one password. */
export interface LoginAttempt {
  /** Whether the person has logged in from this place before; null where nobody is limited and no failure counts. */
  readonly isKnownPlace: boolean | null
  /** The password was right: what was taken for a failure is given back, and the place is known from now on. */
  succeeded(): Promise<void>
  /** No password was tried: what was taken is given back. */
  withdrawn(): Promise<void>
}

export interface LoginGuard {
  /**
   * An attempt at the account of that address, as it was typed.
   *
   * @param whose looks that account up, where a refusal is put on record.
   * @throws Refusal too_many_requests.
   */
  enter(typed: string, caller: Caller, whose: () => Promise<UserId | null>): Promise<LoginAttempt>
  /**
   * A password was set from here by who may: this place is known from now on, and no other any more. That is done
   * already, so this never rejects.
   */
  passwordSet(email: EmailAddress, caller: Caller): Promise<void>
  /** No place is known any more of who has this address. What made that so is done already, so this never rejects. */
  forget(email: EmailAddress): Promise<void>
  /** Gives the account's quota for unknown places back; answers whether any of it was used. */
  unlock(email: EmailAddress): Promise<boolean>
}

interface Deps {
  readonly take: TakeUnits
  readonly buckets: BucketStore
  readonly places: PlaceStore
  readonly keyOf: KeyOf
  readonly clock: Clock
  /** The place that an address counts as. */
  readonly placeOf: (ip: string | null) => string
  /** Told why a place could not be remembered, or not be forgotten. */
  readonly onForgotten: (error: unknown) => void
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
export function guardLogins({ take, buckets, places, keyOf, clock, placeOf, onForgotten }: Deps): LoginGuard {
  const accountOf = (email: string) => keyOf('account', email)
  const placeOfCaller = (caller: Caller) => keyOf('place', placeOf(caller.ip))
  const elsewhereOf = (account: BucketKey) => {
    return { limit: limits.loginElsewhere, key: keyOf('elsewhere', account), units: 1, userId: null }
  }

  return {
    async enter(typed, caller, whose) {
      const now = clock()
      const [account, place] = [accountOf(typed), placeOfCaller(caller)]
      const lastAt = await places.lastLogin(account, place)
      const isKnownPlace = lastAt !== null && now.getTime() - lastAt.getTime() < placeMemory * 1000
      const pair = { limit: limits.loginPair, key: keyOf('pair', account, place), units: 1, userId: null }
      const others = isKnownPlace ? [] : [elsewhereOf(account)]
      const verdict = await take(
        [pair, ...others].map((want) => ({ ...want, whose })),
        caller,
      )
      if (!verdict.enough) {
        throw new Refusal('too_many_requests', { because: verdict.limit.name, retryAfter: verdict.retryAfter })
      }
      return {
        isKnownPlace,
        async succeeded() {
          // Who knows the password has not guessed: this place starts anew, and the others lose nothing by it.
          await buckets.refund([{ ...pair, units: pair.limit.quota }, ...others])
          if (isKnownPlace && now.getTime() - lastAt.getTime() < renewal * 1000) return
          await places.remember(account, place, now, placesPerAccount)
        },
        withdrawn: () => buckets.refund([pair, ...others]),
      }
    },

    async passwordSet(email, caller) {
      await places.rememberAlone(accountOf(email), placeOfCaller(caller), clock()).catch(onForgotten)
    },

    async forget(email) {
      await places.forget(accountOf(email)).catch(onForgotten)
    },

    unlock: (email) => buckets.restore(elsewhereOf(accountOf(email)).key, clock()),
  }
}
