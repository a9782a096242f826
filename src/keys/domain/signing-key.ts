import { isBefore } from '../../kernel/clock.ts'

/** The signature algorithms that keys may be made for (RFC 7518, section 3.1; RFC 8037, section 3.1). */
export const algorithms = ['ES256', 'EdDSA', 'PS256', 'RS256'] as const
export type Algorithm = (typeof algorithms)[number]

/** The public half of a key in the form in which the JWKS shows it (RFC 7517), without `use`, `alg` and `kid`. */
export type PublicJwk = Readonly<Record<string, string>>

/** A key that signs access tokens, as everybody may know it. Its private half exists sealed, or inside a signer. */
export interface SigningKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly algorithm: Algorithm
  readonly publicJwk: PublicJwk
  readonly createdAt: Date
  /** From when on it signs. Until then it is published, so that every verifier knows it by its first signature. */
  readonly activatesAt: Date
  /** From when on it signs no more; null while no successor is known. */
  readonly retiresAt: Date | null
}

export type Phase = 'next' | 'active' | 'retired' | 'gone'

/**
 * Where a key is in its life at `now`: published but not signing, signing, published for the tokens that it signed,
 * gone.
 *
 * @param tail for how many seconds after its retirement a token that the key signed may still be alive.
 */
export function phaseOf(key: SigningKey, now: Date, tail: number): Phase {
  if (isBefore(now, key.activatesAt)) return 'next'
  if (key.retiresAt === null || isBefore(now, key.retiresAt)) return 'active'
  return now.getTime() < key.retiresAt.getTime() + tail * 1000 ? 'retired' : 'gone'
}

/** The key that signs at `now`: of the active ones the youngest, and of two that are equally young the same everywhere. */
export function signerAmong<K extends SigningKey>(keys: readonly K[], now: Date, tail: number): K | undefined {
  return keys
    .filter((key) => phaseOf(key, now, tail) === 'active')
    .toSorted((a, b) => b.activatesAt.getTime() - a.activatesAt.getTime() || (a.kid < b.kid ? -1 : 1))[0]
}
