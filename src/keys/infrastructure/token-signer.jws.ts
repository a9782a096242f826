import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../kernel/clock.ts'
import { type Claims, decodeClaims, encodePart, splitCompact } from '../../platform/jwt/compact.ts'
import type { KeyRing, LoadedKey } from '../application/ports.ts'
import { phaseOf, signerAmong } from '../domain/signing-key.ts'

/** Signs and verifies tokens under the service's own keys. What the claims mean is for the caller to say. */
export interface TokenSigner {
  /** A token in JWS compact serialisation with the header `{alg, typ, kid}` of the key that is active now. */
  sign(typ: string, claims: object): string
  /**
   * The claims of a token of this `typ` that a published key signed, or null. Times are not looked at. Of a token that is
   * remembered they are there at once: a promise for each request costs as much as the look-up.
   */
  verify(typ: string, token: string): Claims | null | Promise<Claims | null>
}

interface Deps {
  readonly ring: KeyRing
  readonly clock: Clock
  /** For how many seconds a retired key stays valid. */
  readonly tail: number
  /** How many tokens are remembered whose signature was found genuine. */
  readonly atMost?: number
}

/** How often a key that nobody here has seen makes this process read its keys again, at most: in milliseconds. */
const coolDown = 25

// The header of any token that this service may have written.
const ours = /^\{"alg":"[A-Za-z0-9]{5}","typ":"[a-z+]+","kid":"[A-Za-z0-9_-]{43}"\}$/

/**
 * A token names its key, algorithm and type in its header, and each key writes one header for each type. So a header
 * is compared as a whole with those that our keys write, and never parsed: no algorithm, key or URL of a stranger's
 * choosing is ever looked at (RFC 8725, sections 3.1 and 3.5).
 */
export function tokenSignerJws({ ring, clock, tail, atMost = 10_000 }: Deps): TokenSigner {
  // By `kid` and then by type: a key made of both would be a text to write and to hash for each token.
  const headers = new Map<string, Map<string, string>>()
  const genuine = rememberTokens(atMost)

  function writeHeader({ algorithm, kid }: LoadedKey, typ: string): string {
    const header = encodePart({ alg: algorithm, typ, kid })
    headers.set(kid, (headers.get(kid) ?? new Map()).set(typ, header))
    return header
  }
  const headerOf = (key: LoadedKey, typ: string) => headers.get(key.kid)?.get(typ) ?? writeHeader(key, typ)

  const keyOf = (header: string, typ: string) => ring.keys().find((key) => headerOf(key, typ) === header)

  let nextLook = 0

  /** A replica may have made a key this instant, after a withdrawal: who has not seen it looks once more. */
  async function keyAfterReload(header: string, typ: string): Promise<LoadedKey | undefined> {
    if (!ours.test(Buffer.from(header, 'base64url').toString())) return undefined
    const wait = nextLook - performance.now()
    if (wait > 0) await delay(wait)
    const found = keyOf(header, typ)
    if (found) return found
    nextLook = performance.now() + coolDown
    await ring.reload()
    return keyOf(header, typ)
  }

  async function verifyAnew(typ: string, token: string): Promise<Claims | null> {
    const parts = splitCompact(token)
    if (!parts) return null
    const key = keyOf(parts.header, typ) ?? (await keyAfterReload(parts.header, typ))
    // A key that is next here may be active already for a replica whose clock is ahead.
    if (!key || phaseOf(key, clock(), tail) === 'gone') return null
    const claims = key.verify(parts.signingInput, parts.signature) ? decodeClaims(parts.payload) : null
    if (claims) genuine.remember({ token, typ, kid: key.kid, claims })
    return claims
  }

  return {
    sign(typ, claims) {
      const key = signerAmong(ring.keys(), clock(), tail)
      if (!key) throw new Error('no signing key is active')
      const input = `${headerOf(key, typ)}.${encodePart(claims)}`
      return `${input}.${key.sign(input).toString('base64url')}`
    },

    verify(typ, token) {
      const known = genuine.recall(token)
      // The signature stays what it was; the key may have been withdrawn since then, or its time be over.
      const signedBy = known && known.typ === typ && ring.keys().find(({ kid }) => kid === known.kid)
      if (!signedBy) return verifyAnew(typ, token)
      return phaseOf(signedBy, clock(), tail) === 'gone' ? null : known.claims
    },
  }
}

interface Genuine {
  /** All of it: only this text is genuine. */
  readonly token: string
  readonly typ: string
  /** The thumbprint of the key that signed it. */
  readonly kid: string
  readonly claims: Claims
}

/**
 * Tokens whose signature was found genuine, by the end of that signature, which is less to look up than all of a token; what is
 * asked for is then compared as a whole. Two tokens of one ending, if there were any, would take turns in being remembered.
 *
 * There are two generations, so that nothing is moved when it is asked for: when the younger one is full the older one
 * goes, with all that was not asked for meanwhile. Between `atMost` and half as many are remembered.
 */
function rememberTokens(atMost: number) {
  let younger = new Map<string, Genuine>()
  let older = younger
  const remember = (known: Genuine) => {
    if (younger.size >= atMost / 2) {
      older = younger
      younger = new Map()
    }
    younger.set(endingOf(known.token), known)
  }
  return {
    remember,
    recall(token: string): Genuine | undefined {
      const ending = endingOf(token)
      const young = younger.get(ending)
      const known = young ?? older.get(ending)
      if (known?.token !== token) return undefined
      if (!young) remember(known)
      return known
    },
  }
}

/** 128 bits of a signature of 64 bytes. */
const endingOf = (token: string): string => token.slice(-22)
