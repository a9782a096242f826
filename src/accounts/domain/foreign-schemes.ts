import type { BytesName, ForeignHash, NumberName } from './foreign-hash.ts'

interface Cost {
  /** In rounds of bcrypt, as measured on one machine; on others it is much the same, within a factor of two or three. */
  readonly rounds: number
  /** In bytes. */
  readonly memory: number
}

interface Scheme {
  readonly version: number | null
  /** The parameters, in their order. */
  readonly numbers: readonly NumberName[]
  readonly bytes: readonly BytesName[]
  readonly shortestSalt: number
  /** Between how many bytes a digest has. */
  readonly digest: readonly [shortest: number, longest: number]
  /** In bytes: what is longer matches nothing. */
  readonly longestPassword: number
  isSound(hash: ForeignHash): boolean
  cost(hash: ForeignHash): Cost
}

export type SchemeName =
  | 'argon2i'
  | 'argon2id'
  | 'scrypt'
  | 'scrypt-nfkc'
  | 'firebase-scrypt'
  | 'pbkdf2-sha1'
  | 'pbkdf2-sha256'
  | 'pbkdf2-sha512'
  | 'phpass'
  | 'ssha1'
  | 'ssha256'
  | 'ssha512'

const any = () => true
const plain = {
  version: null,
  bytes: [],
  shortestSalt: 1,
  digest: [16, 128],
  longestPassword: 4096,
  isSound: any,
} as const

/** RFC 9106, version 1.3 alone. Its lanes are threads while it runs. */
const argon2: Scheme = {
  ...plain,
  version: 19,
  numbers: ['m', 't', 'p'],
  shortestSalt: 8,
  isSound: ({ numbers: { m, p } }) => m >= 8 * p && p <= 16,
  cost: ({ numbers: { m, t } }) => ({ rounds: ((m * t) / 1024) * 16, memory: m * 1024 }),
}

/** RFC 7914. `ln` is the logarithm of N to the base of 2, as passlib writes it. */
const scrypt: Scheme = {
  ...plain,
  numbers: ['ln', 'r', 'p'],
  // N is less than 2^(128 r / 8).
  isSound: ({ numbers: { ln, r, p } }) => ln <= 30 && ln < 16 * r && r * p < 2 ** 30,
  cost: ({ numbers: { ln, r, p } }) => ({
    rounds: (2 ** ln * r * p) / 175,
    memory: 128 * r * (2 ** ln + p),
  }),
}

/** RFC 8018. A digest longer than the hash function's is as many times the work. */
const pbkdf2 = (size: number, iterationsARound: number): Scheme => ({
  ...plain,
  numbers: ['i'],
  cost: ({ numbers: { i }, digest }) => ({
    rounds: (i * Math.ceil(digest.length / size)) / iterationsARound,
    memory: 0,
  }),
})

/** RFC 2307's salted sums: no work to speak of, for us or for who steals them. */
const salted = (size: number): Scheme => ({
  ...plain,
  numbers: [],
  digest: [size, size],
  cost: () => ({ rounds: 1, memory: 0 }),
})

/** Every scheme of others that is checked at a login, by its name in a stored hash. */
export const schemes: Readonly<Record<SchemeName, Scheme>> = {
  argon2i: argon2,
  argon2id: argon2,
  scrypt,
  /** scrypt of the password in Unicode's form NFKC: better-auth's. */
  'scrypt-nfkc': scrypt,
  /** Firebase's: the signer key, encrypted with a key that scrypt makes, is the digest. */
  'firebase-scrypt': {
    ...scrypt,
    bytes: ['ss', 'sk'],
    isSound: (hash) => scrypt.isSound(hash) && hash.bytes.sk.length === hash.digest.length,
  },
  'pbkdf2-sha1': pbkdf2(20, 400),
  'pbkdf2-sha256': pbkdf2(32, 400),
  'pbkdf2-sha512': pbkdf2(64, 145),
  /**
   * The portable hashes of PHP: MD5 of the whole password, 2^ln times. So its time grows with the password, which has as many
   * bytes as one of ours at most (256 characters), and counts as if it had them.
   */
  phpass: {
    ...plain,
    longestPassword: 1024,
    numbers: ['ln'],
    digest: [16, 16],
    isSound: ({ numbers: { ln }, salt }) => ln >= 7 && ln <= 30 && salt.length === 8,
    cost: ({ numbers: { ln } }) => ({ rounds: 2 ** ln / 20, memory: 0 }),
  },
  ssha1: salted(20),
  ssha256: salted(32),
  ssha512: salted(64),
}
