import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { type BcryptHash, parseBcryptHash } from '../domain/bcrypt-hash.ts'
import { memoryOfForeign } from '../domain/foreign-hash.ts'
import { parseStoredHash, roundsOf, type Unusable } from '../domain/stored-hash.ts'

/** bcrypt reads this many bytes of its key and passes over the rest without a word. */
const longestKey = 72

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

/**
 * Whether bcrypt can tell this password from every other. It repeats its key with a NUL between, so that a password
 * with a NUL equals another one; and all lone surrogates become the same U+FFFD in UTF-8.
 */
export const isDistinct = (password: string): boolean => password.isWellFormed() && !password.includes('\0')

const schemeOf = (password: string) => (Buffer.byteLength(password) <= longestKey ? 'bcrypt' : 'bcrypt-sha256')

const bcryptSalt = (cost: number, salt: string): string => `$2b$${String(cost).padStart(2, '0')}$${salt}`

// The salt is the HMAC's key so that a stolen table of bare SHA-256 sums can't be tried against these hashes.
const prehash = (password: string, salt: string): string =>
  createHmac('sha256', salt).update(password, 'utf8').digest('base64')

/** What bcrypt is given for this password under a scheme, or null where it would have to cut or confuse it. */
function keyOf(password: string, { scheme, salt }: BcryptHash): string | null {
  if (!isDistinct(password)) return null
  // Django's has no salt: https://docs.djangoproject.com/en/stable/topics/auth/passwords/
  if (scheme === 'django-bcrypt-sha256') return createHash('sha256').update(password, 'utf8').digest('hex')
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
 * Compares a password with the hash of bcrypt's family that is stored, `cost` being today's.
 *
 * Every false takes 2^cost rounds, whatever is stored and whatever was presented: with a hash of a lower cost c the
 * comparison takes 2^c and the burning of c, c+1, … cost-1 the rest. A hash of a higher cost takes its own time; to
 * hide that, all others would have to wait for it.
 */
export function verifyPassword(bcrypt: Bcrypt, password: string, stored: string | null, cost: number): Verification {
  const parsed = stored === null ? null : parseBcryptHash(stored)
  const hash = typeof parsed === 'string' ? null : parsed
  const spent = hash?.cost ?? cost
  const key = hash && keyOf(password, hash)
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
  const parsed = stored === null ? null : parseStoredHash(stored)
  return parsed === null || typeof parsed === 'string' ? 1 : Math.max(1, roundsOf(parsed) / 2 ** cost)
}

/** How many bytes verifying takes for a moment, beyond what a thread holds anyway. */
export function memoryOf(stored: string | null): number {
  const parsed = stored === null ? null : parseStoredHash(stored)
  return parsed !== null && typeof parsed !== 'string' && parsed.kind === 'foreign' ? memoryOfForeign(parsed) : 0
}

/** Takes the time of one hash of that cost. */
export function burn(bcrypt: Bcrypt, cost: number): void {
  bcrypt.hash('', bcryptSalt(cost, '......................'))
}
