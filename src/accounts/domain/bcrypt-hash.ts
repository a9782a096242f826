import type { Unusable } from './stored-hash.ts'

/** The costs that a stored hash may have; one above would let a single row occupy a worker for minutes. */
export const lowestCost = 4
export const highestCost = 15

/** All three are bcrypt itself; the second and the third are of a digest of the password. */
type Scheme = 'bcrypt' | 'bcrypt-sha256' | 'django-bcrypt-sha256'

export interface BcryptHash {
  readonly kind: 'bcrypt'
  readonly scheme: Scheme
  readonly variant: string
  readonly cost: number
  readonly salt: string
  readonly digest: string
}

// The last character of a salt carries 2 bits and that of a digest 4; with any other bit set the text is one that no
// encoder writes, and two texts would stand for one hash.
const saltForm = '([./A-Za-z0-9]{21}[.Oeu])'
const digestForm = '([./A-Za-z0-9]{30}[.CGKOSWaeimquy26])'
const cost = '(0|[1-9]\\d?)'
type Groups = [variant: string, rounds: string, salt: string, digest: string]
const forms: readonly (readonly [Scheme, RegExp])[] = [
  ['bcrypt', new RegExp(`^\\$(2[aby])\\$(\\d\\d)\\$${saltForm}${digestForm}$`)],
  ['bcrypt-sha256', new RegExp(`^\\$bcrypt-sha256\\$v=2,t=(2b),r=${cost}\\$${saltForm}\\$${digestForm}$`)],
  ['django-bcrypt-sha256', new RegExp(`^\\$django-bcrypt-sha256\\$t=(2b),r=${cost}\\$${saltForm}\\$${digestForm}$`)],
]

/**
 * Reads `$2b$`, `$2a$` and `$2y$`, which name one and the same algorithm for passwords of at most 72 bytes;
 * bcrypt-sha256 version 2 as passlib publishes it; and Django's own of that name, under a name of its own. `$2$` and
 * `$2x$` name other algorithms: foreign.
 */
export function parseBcryptHash(stored: string): BcryptHash | Unusable {
  for (const [scheme, form] of forms) {
    const match = form.exec(stored)
    if (!match) continue
    const [variant, rounds, salt, digest] = match.slice(1) as Groups
    const cost = Number(rounds)
    if (cost < lowestCost || cost > highestCost) return 'cost_out_of_range'
    return { kind: 'bcrypt', scheme, variant, cost, salt, digest }
  }
  return /^\$(?!2[aby]\$|bcrypt-sha256\$v=2,|django-bcrypt-sha256\$)[^$]+\$/.test(stored)
    ? 'foreign_scheme'
    : 'malformed'
}
