import { type Algorithm, phaseOf, type SigningKey, signerAmong } from './signing-key.ts'

/** When keys come and go; all in whole seconds. */
export interface KeySchedule {
  /** How long a key signs. */
  readonly interval: number
  /** For how long a verifier may keep the JWKS without asking again. */
  readonly jwksMaxAge: number
  /**
   * How long a key is published before it signs: longer than any copy of the JWKS that lacks it can live, be it a
   * verifier's or a replica's.
   */
  readonly lead: number
  /** How long a retired key stays published: until the last token that it signed is dead. */
  readonly tail: number
}

/** What a rotation has to do. Most of the time that is nothing. */
export interface RotationPlan {
  /** A new key is wanted, signing from then on. */
  readonly create: { readonly activatesAt: Date } | null
  /** Keys whose last moment of signing is now known; or, with null, no longer, since their successor is gone. */
  readonly retire: readonly { readonly kid: string; readonly retiresAt: Date | null }[]
  /** A key that signs earlier than it was to, because nothing else can. */
  readonly activate: { readonly kid: string; readonly activatesAt: Date } | null
  /** Keys under which no living token can be signed. */
  readonly remove: readonly string[]
}

/**
 * What the keys need at `now`, decided from nothing else: whoever looks first, on whatever replica, decides the same.
 *
 * A successor is made `lead` before it is due, or at once when the algorithm is to change, and the active key signs
 * until the successor does. When no key can sign (the first start, a withdrawal) one must at once, unannounced.
 *
 * @param hurry makes the successor now, however young the active key is.
 */
export function planRotation(
  keys: readonly SigningKey[],
  now: Date,
  schedule: KeySchedule,
  algorithm: Algorithm,
  hurry = false,
): RotationPlan {
  const { interval, lead, tail } = schedule
  const phase = (key: SigningKey) => phaseOf(key, now, tail)
  const remove = keys.filter((key) => phase(key) === 'gone').map((key) => key.kid)
  const nothing = { create: null, retire: [], activate: null, remove }
  const active = signerAmong(keys, now, tail)
  const [next] = keys.filter((key) => phase(key) === 'next')

  if (!active) {
    if (next) return { ...nothing, activate: { kid: next.kid, activatesAt: now } }
    return { ...nothing, create: { activatesAt: now } }
  }
  if (next) return nothing
  const soonest = later(now, lead)
  const due = later(active.activatesAt, interval)
  const early = hurry || active.algorithm !== algorithm
  if (!early && soonest < due) {
    if (active.retiresAt === null) return nothing
    // Its successor was withdrawn: it must not stop before there is another.
    return { ...nothing, retire: [{ kid: active.kid, retiresAt: null }] }
  }
  return { ...nothing, create: { activatesAt: soonest }, retire: [{ kid: active.kid, retiresAt: soonest }] }
}

export const isIdle = (plan: RotationPlan): boolean =>
  plan.create === null && plan.activate === null && plan.retire.length === 0 && plan.remove.length === 0

/**
 * For how many seconds a JWKS of keys that were loaded at `loadedAt` may be kept at `now`. A key that is not among
 * them was made after that, so it signs `lead` later at the earliest; no copy outlives this moment less `skew`.
 */
export function cacheableFor(loadedAt: Date, now: Date, schedule: KeySchedule, skew: number): number {
  const left = Math.floor((loadedAt.getTime() - now.getTime()) / 1000) + schedule.lead - skew
  return Math.max(0, Math.min(schedule.jwksMaxAge, left))
}

/** How long the signing key has signed, and in how long another does; in seconds, null where none signs. */
export function agesOf(
  keys: readonly SigningKey[],
  now: Date,
  { interval, tail }: KeySchedule,
): { signingFor: number; untilNext: number } | null {
  const active = signerAmong(keys, now, tail)
  if (!active) return null
  const next = active.retiresAt ?? later(active.activatesAt, interval)
  const seconds = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000
  return { signingFor: seconds(active.activatesAt, now), untilNext: seconds(now, next) }
}

const later = (moment: Date, seconds: number) => new Date(moment.getTime() + seconds * 1000)
