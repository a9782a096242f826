import type { Clock } from '../../kernel/clock.ts'
import { type Claims, decodeClaims, encodePart, splitCompact } from '../../platform/jwt/compact.ts'
import type { LoadedKey } from '../application/ports.ts'
import { phaseOf, signerAmong } from '../domain/signing-key.ts'

/** Signs and verifies tokens under the service's own keys. What the claims mean is for the caller to say. */
export interface TokenSigner {
  /** A token in JWS compact serialisation with the header `{alg, typ, kid}` of the key that is active now. */
  sign(typ: string, claims: object): string
  /** The claims of a token of this `typ` that a published key signed, or null. Times are not looked at. */
  verify(typ: string, token: string): Claims | null
}

interface Deps {
  readonly keys: () => readonly LoadedKey[]
  readonly clock: Clock
  /** For how many seconds a retired key stays valid. */
  readonly tail: number
}

/**
 * A token names its key, algorithm and type in its header, and each key writes one header for each type. So a header
 * is compared as a whole with those that our keys write, and never parsed: no algorithm, key or URL of a stranger's
 * choosing is ever looked at (RFC 8725, sections 3.1 and 3.5).
 */
export function tokenSignerJws({ keys, clock, tail }: Deps): TokenSigner {
  const headers = new WeakMap<LoadedKey, Map<string, string>>()

  function headerOf(key: LoadedKey, typ: string): string {
    const written = headers.get(key) ?? new Map<string, string>()
    const header = written.get(typ) ?? encodePart({ alg: key.algorithm, typ, kid: key.kid })
    headers.set(key, written.set(typ, header))
    return header
  }

  return {
    sign(typ, claims) {
      const key = signerAmong(keys(), clock(), tail)
      if (!key) throw new Error('no signing key is active')
      const input = `${headerOf(key, typ)}.${encodePart(claims)}`
      return `${input}.${key.sign(input).toString('base64url')}`
    },

    verify(typ, token) {
      const parts = splitCompact(token)
      if (!parts) return null
      const key = keys().find((key) => headerOf(key, typ) === parts.header)
      // A key that is next here may be active already for a replica whose clock is ahead.
      if (!key || phaseOf(key, clock(), tail) === 'gone') return null
      return key.verify(parts.signingInput, parts.signature) ? decodeClaims(parts.payload) : null
    },
  }
}
