/** The parts of a token in JWS compact serialisation (RFC 7515, section 7.1) whose form, not yet its origin, is proven. */
export interface CompactToken {
  readonly header: string
  readonly payload: string
  readonly signingInput: string
  readonly signature: Buffer
}

export type Claims = Readonly<Record<string, unknown>>

const longestToken = 4096
const form = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/**
 * Takes a token apart if it is in the one canonical form: at most 4 KB, three parts of the base64url alphabet without
 * padding, and no unused bits set. So no second text passes for the same token.
 */
export function splitCompact(token: string): CompactToken | null {
  if (token.length > longestToken || !form.test(token)) return null
  const first = token.indexOf('.')
  const last = token.lastIndexOf('.')
  const parts = [token.slice(0, first), token.slice(first + 1, last), token.slice(last + 1)] as const
  if (!parts.every(isCanonical)) return null
  return {
    header: parts[0],
    payload: parts[1],
    signingInput: token.slice(0, last),
    signature: Buffer.from(parts[2], 'base64url'),
  }
}

/** Whether the bits that the last letter has beyond whole bytes are zero, in a part of the alphabet (RFC 4648, section 3.5). */
function isCanonical(part: string): boolean {
  const beyond = lastLetters[part.length % 4]
  return beyond === undefined || beyond.includes(part.charAt(part.length - 1))
}

/** The letters that may end a part, by its length modulo 4: a letter alone makes no byte, and after four all may. */
const lastLetters = { 1: '', 2: 'AQgw', 3: 'AEIMQUYcgkosw048' } as Readonly<Record<number, string>>

/** A JSON value as a base64url part. The order of the keys is the order of the bytes. */
export const encodePart = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The claims set of a token whose signature is verified, or null when it is no JSON object in UTF-8. */
export function decodeClaims(payload: string): Claims | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(payload, 'base64url'))
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null
  } catch {
    return null
  }
}

/** Clocks of two replicas may differ by this many seconds; it is granted to `iat`, never to `exp`. */
export const clockSkew = 5

/**
 * Judges `iat`, `exp` and `nbf` (RFC 7519, section 4.1) of verified claims at `now`, in seconds since the epoch.
 *
 * @param longest the longest life, in seconds, that a token of this kind is ever given.
 */
export function judgeTimes(claims: Claims, now: number, longest: number): 'live' | 'expired' | 'invalid' {
  const { iat, exp, nbf } = claims
  if (!isNumericDate(iat) || !isNumericDate(exp)) return 'invalid'
  if (exp <= iat || exp - iat > longest || iat > now + clockSkew) return 'invalid'
  if (nbf !== undefined && (!isNumericDate(nbf) || nbf > now + clockSkew)) return 'invalid'
  return exp > now ? 'live' : 'expired'
}

const isNumericDate = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
