import type { Clock } from '../../kernel/clock.ts'
import { phaseOf } from '../domain/signing-key.ts'
import type { LoadedKey } from './ports.ts'

interface Deps {
  readonly keys: () => readonly LoadedKey[]
  readonly clock: Clock
  /** For how many seconds a retired key stays published. */
  readonly tail: number
}

export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, string>>[]
}

/** The JWK Set (RFC 7517, section 5) of every key under which a living token may be signed, now or soon. */
export const publishKeys =
  ({ keys, clock, tail }: Deps) =>
  (): JsonWebKeySet => {
    const now = clock()
    return {
      keys: keys()
        .filter((key) => phaseOf(key, now, tail) !== 'gone')
        .map((key) => ({ ...key.publicJwk, kid: key.kid, use: 'sig', alg: key.algorithm })),
    }
  }
