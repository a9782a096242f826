import { type JsonObject, parseObject } from './json.ts'
import { TokenRefused } from './refused.ts'

/** A token in JWS compact serialisation (RFC 7515, section 7.1) whose form is proven, not yet its origin. */
export interface CompactToken {
  readonly alg: unknown
  readonly kid: string
  readonly payload: Uint8Array<ArrayBuffer>
  readonly signed: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

const longestToken = 4096
const longestKid = 256
const form = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Takes a token apart if it is in the one canonical form (at most 4 KB, three parts of unpadded base64url, no unused
 * bits set) and of the wanted type.
 *
 * @throws TokenRefused `malformed` or `wrong_type`.
 */
export function splitCompact(token: string, typ: string): CompactToken {
  const parts = typeof token === 'string' && token.length <= longestToken ? form.exec(token) : null
  if (!parts) throw new TokenRefused('malformed')
  const [header, payload, signature] = parts.slice(1).map(bytesOf)
  if (!header || !payload || !signature) throw new TokenRefused('malformed')

  const { alg, kid, crit, typ: type } = objectOf(header)
  // No extension is understood here, so whatever must be understood is refused (RFC 7515, section 4.1.11).
  if (crit !== undefined) throw new TokenRefused('malformed')
  if (!isMediaType(typ, type)) throw new TokenRefused('wrong_type')
  if (typeof kid !== 'string' || kid.length > longestKid) throw new TokenRefused('malformed')
  const signed = new TextEncoder().encode(token.slice(0, token.lastIndexOf('.')))
  return { alg, kid, payload, signed, signature }
}

/** @throws TokenRefused `malformed`. */
export function objectOf(part: Uint8Array<ArrayBuffer>): JsonObject {
  try {
    return parseObject(part)
  } catch {
    // What JSON.parse has to say quotes the token.
    throw new TokenRefused('malformed')
  }
}

/** The bytes of a base64url text, or null when another text stands for the same bytes. */
function bytesOf(part: string): Uint8Array<ArrayBuffer> | null {
  if (part.length % 4 === 1) return null
  const base64 = part.replaceAll('-', '+').replaceAll('_', '/')
  const binary = atob(base64)
  if (btoa(binary).replace(/=+$/, '') !== base64) return null
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

/** Media types compare without regard to case, and `application/` may be left out (RFC 7515, section 4.1.9). */
function isMediaType(wanted: string, given: unknown): boolean {
  return typeof given === 'string' && /^[!-~]+$/.test(given) && shortType(given) === shortType(wanted)
}

const shortType = (type: string) => type.toLowerCase().replace(/^application\//, '')
