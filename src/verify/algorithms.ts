import type { JsonObject } from './json.ts'

/** How an algorithm's keys look as JWKs (RFC 7518, section 6; RFC 8037), and what WebCrypto calls it. */
interface Family {
  readonly kty: string
  readonly crv?: string
  /** The members that are the public key; nothing else of a JWK is read. */
  readonly members: readonly string[]
  readonly name: string
  readonly parameters?: object
}

const rsa = { kty: 'RSA', members: ['n', 'e'] }

const families = {
  ES256: { kty: 'EC', crv: 'P-256', members: ['x', 'y'], name: 'ECDSA', parameters: { namedCurve: 'P-256' } },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', members: ['x'], name: 'Ed25519' },
  PS256: { ...rsa, name: 'RSA-PSS', parameters: { saltLength: 32 } },
  RS256: { ...rsa, name: 'RSASSA-PKCS1-v1_5' },
} satisfies Record<string, Family>

/** The signature algorithms that can be verified; all are asymmetric. */
export type Algorithm = keyof typeof families

export const allAlgorithms = Object.keys(families) as readonly Algorithm[]

/** A public key that verifies by one algorithm, its own, whatever a token's header says (RFC 8725, section 3.1). */
export interface VerifyingKey {
  readonly kid: string
  readonly alg: Algorithm
  verify(signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/** The key of a JWK, or null when it is not one for signatures by one of these algorithms. */
export async function importKey(jwk: JsonObject, algorithms: ReadonlySet<unknown>): Promise<VerifyingKey | null> {
  const { kid, alg: named, use = 'sig', key_ops: uses = ['verify'] } = jwk
  if (typeof kid !== 'string' || !algorithms.has(named) || use !== 'sig') return null
  if (!Array.isArray(uses) || !uses.includes('verify')) return null
  const alg = named as Algorithm
  const { kty, crv, members, name, parameters }: Family = families[alg]
  if (jwk.kty !== kty || jwk.crv !== crv) return null

  const publicHalf = Object.fromEntries(members.map((member) => [member, jwk[member]]))
  const parameter = { name, hash: 'SHA-256', ...parameters }
  try {
    const key = await crypto.subtle.importKey('jwk', { kty, ...(crv && { crv }), ...publicHalf }, parameter, false, [
      'verify',
    ])
    // RFC 7518, sections 3.3 and 3.5.
    const { modulusLength = 2048 } = key.algorithm as { modulusLength?: number }
    if (modulusLength < 2048) return null
    return { kid, alg, verify: (signature, signed) => crypto.subtle.verify(parameter, key, signature, signed) }
  } catch {
    return null
  }
}
