import { type BcryptHash, parseBcryptHash } from './bcrypt-hash.ts'
import { type ForeignHash, parseForeignHash, roundsOfForeign } from './foreign-hash.ts'

/** What an account's password is checked against. */
export type StoredHash = BcryptHash | ForeignHash

/** Why a stored hash can't be used. The exact reason is for the log, and for who imports it, alone. */
export type Unusable = 'malformed' | 'foreign_scheme' | 'cost_out_of_range'

/** Accepts the one canonical text of a hash alone: a hash that is accepted is stored as it is. */
export function parseStoredHash(stored: string): StoredHash | Unusable {
  // What is longer is no hash, and nothing below reads it.
  if (stored.length > longestHash) return 'malformed'
  return parseForeignHash(stored) ?? parseBcryptHash(stored)
}

/** How much work a hash is, as a number of bcrypt's rounds: exactly for bcrypt, for others as measured once. */
export const roundsOf = (hash: StoredHash): number => (hash.kind === 'bcrypt' ? 2 ** hash.cost : roundsOfForeign(hash))

/** In characters: far above any that a system writes. */
const longestHash = 1024
