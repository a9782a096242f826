import { type Algorithm, allAlgorithms } from './algorithms.ts'
import { type AccessTokenClaims, judgeClaims } from './claims.ts'
import { objectOf, splitCompact } from './compact.ts'
import { type Fetch, remoteKeySet } from './key-set.ts'
import { TokenRefused } from './refused.ts'

/** Durations are in seconds. */
export interface VerifierOptions {
  /** The `PUBLIC_URL` of the service, exactly as tokens have it in `iss`. */
  issuer: string
  /** What tokens must have in `aud`; of several, one is enough. Default: the issuer. */
  audience?: string | readonly string[] | undefined
  /** Where the public keys are. Default: `/.well-known/jwks.json` below the issuer. */
  jwksUri?: string | undefined
  /** The algorithms that keys may be for. Default: all. */
  algorithms?: readonly Algorithm[] | undefined
  /** The type of token, `typ`. Default: `at+jwt`, an access token. */
  typ?: string | undefined
  /** By how much the clocks of issuer and verifier may differ. Default: 5. */
  clockSkew?: number | undefined
  /** The longest life of a token, `exp` less `iat`. Default: 86 400, a day. */
  longestLife?: number | undefined
  /** For how long keys are used without asking again; a shorter `max-age` is respected. Default: 600. */
  cacheFor?: number | undefined
  /** For how long after they were fetched keys are used while they can't be fetched anew. Default: 3600. */
  staleFor?: number | undefined
  /** The least time between two requests for keys. Default: 30; after a failure at most 5. */
  cooldown?: number | undefined
  /** The longest that a request for keys may take. Default: 5. */
  timeout?: number | undefined
  /** Default: the global `fetch`. */
  fetch?: Fetch | undefined
  /** The time in milliseconds since the epoch. Default: `Date.now`. */
  now?: (() => number) | undefined
}

export interface Verifier {
  /**
   * The claims of a token that is genuine, alive and meant for this audience.
   *
   * @param token as `bearerToken` found it; what it did not find is refused as `no_token`.
   * @throws TokenRefused
   */
  verify(token: string | null | undefined): Promise<AccessTokenClaims>
}

/**
 * A verifier of access tokens (RFC 9068, section 4), to be made once and kept: it holds the public keys. Nothing is
 * fetched before the first token.
 *
 * @throws TypeError when an option makes no sense.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuer, typ = 'at+jwt', fetch = (url, init) => globalThis.fetch(url, init), now = Date.now } = options
  const seconds = (
    name: 'clockSkew' | 'longestLife' | 'cacheFor' | 'staleFor' | 'cooldown' | 'timeout',
    or: number,
  ) => {
    const { [name]: value = or } = options
    return value >= 0 && Number.isFinite(value) ? value : refuse(`${name} is no number of seconds`)
  }
  const expected = {
    issuer: issuer || refuse('there is no issuer'),
    audiences: [options.audience ?? issuer].flat(),
    clockSkew: seconds('clockSkew', 5),
    longestLife: seconds('longestLife', 86_400),
  }
  const algorithms = new Set(options.algorithms ?? allAlgorithms)
  const unknown = [...algorithms].find((name) => !allAlgorithms.includes(name))
  if (unknown) refuse(`the algorithm ${unknown} is not one of ${allAlgorithms}`)
  // Browsers have it in secure contexts alone; without it every key would look like one of an unknown kind.
  if (!globalThis.crypto?.subtle) refuse('there is no WebCrypto here')
  const keyOf = remoteKeySet({
    uri: new URL(options.jwksUri ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`).href,
    algorithms,
    cacheFor: seconds('cacheFor', 600),
    staleFor: seconds('staleFor', 3600),
    cooldown: seconds('cooldown', 30),
    timeout: seconds('timeout', 5),
    fetch,
    now,
  })

  return {
    async verify(token) {
      if (token === null || token === undefined) throw new TokenRefused('no_token')
      const { alg, kid, signed, signature, payload } = splitCompact(token, typ)
      // Before the keys are asked for: a token of no use must not cost a request.
      if (!algorithms.has(alg as Algorithm)) throw new TokenRefused('wrong_algorithm')
      const key = await keyOf(kid)
      if (!key) throw new TokenRefused('unknown_key')
      if (key.alg !== alg) throw new TokenRefused('wrong_algorithm')
      if (!(await key.verify(signature, signed))) throw new TokenRefused('bad_signature')
      return judgeClaims(objectOf(payload), expected, now() / 1000)
    },
  }
}

function refuse(reason: string): never {
  throw new TypeError(`createVerifier: ${reason}`)
}
