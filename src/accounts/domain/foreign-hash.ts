import { type SchemeName, schemes } from './foreign-schemes.ts'
import type { Unusable } from './stored-hash.ts'

/** The numbers that schemes have: memory or its logarithm, passes, lanes, block size, iterations. */
export type NumberName = 'm' | 't' | 'p' | 'ln' | 'r' | 'i'

/** What Firebase mixes in: the salt's separator and the signer key, which is the same for all of a project's hashes. */
export type BytesName = 'ss' | 'sk'

/** A hash that another system made, until its person logs in for the first time. */
export interface ForeignHash {
  readonly kind: 'foreign'
  readonly scheme: SchemeName
  /** 0 for what the scheme does not have. */
  readonly numbers: Readonly<Record<NumberName, number>>
  /** Empty for what the scheme does not have. */
  readonly bytes: Readonly<Record<BytesName, Buffer>>
  readonly salt: Buffer
  readonly digest: Buffer
}

const noNumbers = { m: 0, t: 0, p: 0, ln: 0, r: 0, i: 0 }

/** More time than bcrypt of the highest cost takes no stored hash may cost, and no more memory than this, in bytes. */
const mostRounds = 2 ** 15
export const mostMemory = 256 * 1024 * 1024

/** Of bytes beside the digest. */
const longestBytes = 256

/**
 * Reads the string format of the Password Hashing Competition, `$scheme$v=19$m=1,t=2$salt$digest`, with the scheme's own
 * names of parameters in their one order, numbers without leading zeros, and base64 without padding. Null where the
 * text is of no scheme of these.
 *
 * A digest of less than 16 bytes is malformed, since too many passwords would fit.
 */
export function parseForeignHash(text: string): ForeignHash | Unusable | null {
  const [, name = '', ...parts] = text.split('$')
  if (!Object.hasOwn(schemes, name)) return null
  const scheme = schemes[name as SchemeName]
  const numbers: Record<NumberName, number> = { ...noNumbers }
  const bytes: Record<BytesName, Buffer> = { ss: Buffer.alloc(0), sk: Buffer.alloc(0) }
  const [salt = '', digest = ''] = parts.slice(-2)
  for (const parameter of (parts.at(-3) ?? '').split(',')) {
    const [key = '', value = ''] = parameter.split('=')
    if (Object.hasOwn(numbers, key) && /^[1-9]\d{0,9}$/.test(value)) numbers[key as NumberName] = Number(value)
    else if (Object.hasOwn(bytes, key)) bytes[key as BytesName] = Buffer.from(value, 'base64')
  }
  const hash: ForeignHash = {
    kind: 'foreign',
    scheme: name as SchemeName,
    numbers,
    bytes,
    salt: Buffer.from(salt, 'base64'),
    digest: Buffer.from(digest, 'base64'),
  }
  // Whatever was passed over above shows here: another order, a stranger's parameter, a second spelling.
  if (writeForeignHash(hash) !== text || !isSound(hash)) return 'malformed'
  const { rounds, memory } = scheme.cost(hash)
  return rounds > mostRounds || memory > mostMemory ? 'cost_out_of_range' : hash
}

/** The one text of a hash. */
export function writeForeignHash({ scheme, numbers, bytes, salt, digest }: ForeignHash): string {
  const form = schemes[scheme]
  const parameters = [
    ...form.numbers.map((name) => `${name}=${numbers[name]}`),
    ...form.bytes.map((name) => `${name}=${unpadded(bytes[name])}`),
  ].join(',')
  const version = form.version === null ? [] : [`v=${form.version}`]
  return ['', scheme, ...version, ...(parameters ? [parameters] : []), unpadded(salt), unpadded(digest)].join('$')
}

/** A hash of the parts that are given, judged by no rule yet. */
export const foreignHash = (
  scheme: SchemeName,
  parts: {
    numbers?: Partial<ForeignHash['numbers']>
    bytes?: Partial<ForeignHash['bytes']>
    salt: Buffer
    digest: Buffer
  },
): ForeignHash => ({
  kind: 'foreign',
  scheme,
  numbers: { ...noNumbers, ...parts.numbers },
  bytes: { ss: Buffer.alloc(0), sk: Buffer.alloc(0), ...parts.bytes },
  salt: parts.salt,
  digest: parts.digest,
})

export const roundsOfForeign = (hash: ForeignHash): number => schemes[hash.scheme].cost(hash).rounds

/** In bytes: a longer password does not match. */
export const longestPasswordOf = (hash: ForeignHash): number => schemes[hash.scheme].longestPassword

/** How many bytes checking a password against it takes for a moment. */
export const memoryOfForeign = (hash: ForeignHash): number => schemes[hash.scheme].cost(hash).memory

function isSound(hash: ForeignHash): boolean {
  const form = schemes[hash.scheme]
  if (form.numbers.some((name) => hash.numbers[name] < 1)) return false
  if ([hash.salt, hash.bytes.ss, hash.bytes.sk].some(({ length }) => length > longestBytes)) return false
  const [shortest, longest] = form.digest
  if (hash.digest.length < shortest || hash.digest.length > longest) return false
  return hash.salt.length >= form.shortestSalt && form.isSound(hash)
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
