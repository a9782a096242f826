import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { cacheableFor, type KeySchedule } from '../domain/key-schedule.ts'
import { phaseOf } from '../domain/signing-key.ts'
import type { KeyRing } from './ports.ts'

interface Deps {
  readonly ring: KeyRing
  readonly clock: Clock
  readonly schedule: KeySchedule
  /** By how many seconds clocks may differ. */
  readonly skew: number
}

export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, string>>[]
}

/**
 * The JWK Set (RFC 7517, section 5) of every key under which a living token may be signed, now or as long as the set
 * may be kept: `maxAge` seconds.
 *
 * @throws Refusal database_unavailable when the keys were last read so long ago that one may be missing.
 */
export const publishKeys =
  ({ ring, clock, schedule, skew }: Deps) =>
  (): { set: JsonWebKeySet; maxAge: number } => {
    const now = clock()
    const maxAge = cacheableFor(ring.loadedAt(), now, schedule, skew)
    if (maxAge <= 0) throw new Refusal('database_unavailable', { because: 'the keys could not be read for too long' })
    const keys = ring
      .keys()
      .filter((key) => phaseOf(key, now, schedule.tail) !== 'gone')
      .map((key) => ({ ...key.publicJwk, kid: key.kid, use: 'sig', alg: key.algorithm }))
    return { set: { keys }, maxAge }
  }
