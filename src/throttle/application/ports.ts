import type { Limit } from '../domain/limit.ts'

/** Names a bucket or an account without telling whose it is. */
export type BucketKey = string

/** Units of one limit that somebody asks for. */
export interface Ask {
  readonly key: BucketKey
  readonly limit: Limit
  readonly units: number
}

/** What became of one ask: when its quota is whole again, and whether there was enough. */
export interface Answer {
  readonly fullAt: Date
  readonly enough: boolean
}

/** The quotas that all processes share. */
export interface BucketStore {
  /**
   * Takes what is asked, of all the buckets or of none, in one atomic statement. Answers in the order of the asks. Where
   * two meet at a bucket that neither has seen before, who loses may have taken of the others: never the other way.
   */
  take(asks: readonly Ask[], now: Date): Promise<readonly Answer[]>
  /** Gives units back that were taken for nothing. */
  refund(asks: readonly Ask[]): Promise<void>
  /** Makes a quota whole; answers whether anything was missing. */
  restore(key: BucketKey, now: Date): Promise<boolean>
  /**
   * Deletes buckets that are whole again, and of the others what is beyond `atMost`, the fullest first: some at a time.
   * Answers how many that were, 0 when none are left.
   */
  purge(now: Date, atMost: number): Promise<number>
}

/** Where people have logged in before, for as long as it is remembered. */
export interface PlaceStore {
  /** When the account was last logged in to from there, as far as it is remembered. */
  lastLogin(account: BucketKey, place: BucketKey): Promise<Date | null>
  /** Remembers the place, and of the account's places the `atMost` that were used last. */
  remember(account: BucketKey, place: BucketKey, now: Date, atMost: number): Promise<void>
  /** Remembers this place, and forgets all others of the account. */
  rememberAlone(account: BucketKey, place: BucketKey, now: Date): Promise<void>
  /** Forgets all places of the account. */
  forget(account: BucketKey): Promise<void>
  /** Deletes what was last used before then, some at a time; answers how many that were, 0 when none are left. */
  purge(before: Date): Promise<number>
}

/** The same words give the same key in every process, and no key tells its words. */
export type KeyOf = (...words: readonly string[]) => BucketKey
