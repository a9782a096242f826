import { createHmac, timingSafeEqual } from 'node:crypto'

/** The costs that a stored hash may have; one above would let a single row occupy a worker for minutes. */
export const lowestCost = 4
export const highestCost = 15

/** bcrypt reads this many bytes of its key and passes over the rest without a word. */
const longestKey = 72

type Scheme = 'bcrypt' | 'bcrypt-sha256'

/** Why a stored hash can't be used. The exact reason is for the log alone. */
export type Unusable = 'malformed' | 'foreign_scheme' | 'cost_out_of_range'

interface StoredHash {
  readonly scheme: Scheme
  readonly variant: string
  readonly cost: number
  readonly salt: string
  readonly digest: string
}

/** The two primitives that everything here is made of. Synchronous: both belong into a worker thread. */
export interface Bcrypt {
  /** A random salt in its 29-character form `$2b$12$` and 22 characters. */
  salt(cost: number): string
  /** The whole 60-character hash of at most 72 bytes of `key` under a salt of that form; takes 2^cost rounds. */
  hash(key: string, salt: string): string
}

export interface Verification {
  readonly matches: boolean
  /** True only beside a match: what did not match gives no right to replace the hash. */
  readonly outdated: boolean
  /** Set where something was stored that can't be verified at all. */
  readonly unusable?: Unusable
}

// The last character of a salt carries 2 bits and that of a digest 4; with any other bit set the text is one that no
// encoder writes, and two texts would stand for one hash.
const saltForm = '([./A-Za-z0-9]{21}[.Oeu])'
const digestForm = '([./A-Za-z0-9]{30}[.CGKOSWaeimquy26])'
const plain = new RegExp(`^\\$(2[aby])\\$(\\d\\d)\\$${saltForm}${digestForm}$`)
const prehashed = new RegExp(`^\\$bcrypt-sha256\\$v=2,t=(2b),r=(0|[1-9]\\d?)\\$${saltForm}\\$${digestForm}$`)

/**
 * Reads `$2b$`, `$2a$` and `$2y$`, which name one and the same algorithm for passwords of at most 72 bytes, and
 * bcrypt-sha256 version 2 as passlib publishes it. `$2$` and `$2x$` name other algorithms: foreign.
 */
function parse(stored: string): StoredHash | Unusable {
  const isPlain = plain.exec(stored)
  const [, variant, rounds, salt, digest] = isPlain ?? prehashed.exec(stored) ?? []
  if (variant === undefined || salt === undefined || digest === undefined) {
    return /^\$(?!2[aby]\$|bcrypt-sha256\$v=2,)[^$]+\$/.test(stored) ? 'foreign_scheme' : 'malformed'
  }
  const cost = Number(rounds)
  if (cost < lowestCost || cost > highestCost) return 'cost_out_of_range'
  return { scheme: isPlain ? 'bcrypt' : 'bcrypt-sha256', variant, cost, salt, digest }
}

/**
 * Whether bcrypt can tell this password from every other. It repeats its key with a NUL between, so that a password
 * with a NUL equals another one; and all lone surrogates become the same U+FFFD in UTF-8.
 */
export const isDistinct = (password: string): boolean => password.isWellFormed() && !password.includes('\0')

const schemeOf = (password: string): Scheme => (Buffer.byteLength(password) <= longestKey ? 'bcrypt' : 'bcrypt-sha256')

const bcryptSalt = (cost: number, salt: string): string => `$2b$${String(cost).padStart(2, '0')}$${salt}`

// The salt is the HMAC's key so that a stolen table of bare SHA-256 sums can't be tried against these hashes.
const prehash = (password: string, salt: string): string =>
  createHmac('sha256', salt).update(password, 'utf8').digest('base64')

/** What bcrypt is given for this password under a scheme, or null where it would have to cut or confuse it. */
function keyOf(password: string, scheme: Scheme, salt: string): string | null {
  if (!isDistinct(password)) return null
  if (scheme === 'bcrypt-sha256') return prehash(password, salt)
  return schemeOf(password) === 'bcrypt' ? password : null
}

/** A new hash; the password has to be a distinct one. */
export function hashPassword(bcrypt: Bcrypt, password: string, cost: number): string {
  const full = bcrypt.salt(cost)
  const scheme = schemeOf(password)
  if (scheme === 'bcrypt') return bcrypt.hash(password, full)
  const salt = full.slice(-22)
  const digest = bcrypt.hash(prehash(password, salt), full).slice(-31)
  return `$bcrypt-sha256$v=2,t=2b,r=${cost}$${salt}$${digest}`
}

/**
 * Compares a password with what is stored, `cost` being today's.
 *
 * Every false takes 2^cost rounds, whatever is stored and whatever was presented: with a hash of a lower cost c the
 * comparison takes 2^c and the burning of c, c+1, … cost-1 the rest. A hash of a higher cost takes its own time; to
 * hide that, all others would have to wait for it.
 */
export function verifyPassword(bcrypt: Bcrypt, password: string, stored: string | null, cost: number): Verification {
  const parsed = stored === null ? null : parse(stored)
  const hash = typeof parsed === 'string' ? null : parsed
  const spent = hash?.cost ?? cost
  const key = hash && keyOf(password, hash.scheme, hash.salt)
  if (hash && key !== null) {
    const digest = bcrypt.hash(key, bcryptSalt(hash.cost, hash.salt)).slice(-31)
    if (timingSafeEqual(Buffer.from(digest), Buffer.from(hash.digest))) {
      return {
        matches: true,
        outdated: hash.variant !== '2b' || hash.cost !== cost || hash.scheme !== schemeOf(password),
      }
    }
  } else {
    burn(bcrypt, spent)
  }
  for (let next = spent; next < cost; next++) burn(bcrypt, next)
  return { matches: false, outdated: false, ...(typeof parsed === 'string' && { unusable: parsed }) }
}

/** How much work verifying takes at most, as a multiple of one hash of today's cost. */
export function workOf(stored: string | null, cost: number): number {
  const parsed = stored === null ? null : parse(stored)
  return parsed === null || typeof parsed === 'string' ? 1 : Math.max(1, 2 ** (parsed.cost - cost))
}

/** Takes the time of one hash of that cost. */
function burn(bcrypt: Bcrypt, cost: number): void {
  bcrypt.hash('', bcryptSalt(cost, '......................'))
}
