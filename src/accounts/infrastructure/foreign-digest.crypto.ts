// As a namespace: a Node that has no Argon2 yet runs all the rest.
import * as crypto from 'node:crypto'
import type { ForeignHash } from '../domain/foreign-hash.ts'

/**
 * What the password's digest would be, were it the one of this hash. It blocks its thread for as long as the hash's cost
 * says, and holds as much memory.
 */
export function foreignDigest(hash: ForeignHash, password: string): Buffer {
  const { scheme, salt, digest, numbers } = hash
  switch (scheme) {
    case 'argon2i':
    case 'argon2id':
      return crypto.argon2Sync(scheme, {
        message: password,
        nonce: salt,
        memory: numbers.m,
        passes: numbers.t,
        parallelism: numbers.p,
        tagLength: digest.length,
      })
    case 'scrypt':
      return scrypt(hash, password, salt, digest.length)
    case 'scrypt-nfkc':
      return scrypt(hash, password.normalize('NFKC'), salt, digest.length)
    case 'firebase-scrypt':
      return firebase(hash, password)
    case 'pbkdf2-sha1':
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return crypto.pbkdf2Sync(password, salt, numbers.i, digest.length, scheme.slice('pbkdf2-'.length))
    case 'phpass':
      return phpass(hash, password)
    case 'ssha1':
    case 'ssha256':
    case 'ssha512':
      return crypto.createHash(scheme.slice('s'.length)).update(password, 'utf8').update(salt).digest()
  }
}

function scrypt({ numbers: { ln, r, p } }: ForeignHash, password: string, salt: Buffer, length: number): Buffer {
  const n = 2 ** ln
  // OpenSSL counts its blocks a little differently from one version to the next; the stored hash has its own cap.
  return crypto.scryptSync(password, salt, length, { N: n, r, p, maxmem: 128 * r * (n + p + 2) + 4096 })
}

/** https://github.com/firebase/scrypt: AES-256-CTR with a counter of zero. */
function firebase(hash: ForeignHash, password: string): Buffer {
  const key = scrypt(hash, password, Buffer.concat([hash.salt, hash.bytes.ss]), 32)
  const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return Buffer.concat([cipher.update(hash.bytes.sk), cipher.final()])
}

/** https://www.openwall.com/phpass: MD5 of the salt and the password, then of each sum and the password. */
function phpass({ numbers: { ln }, salt }: ForeignHash, password: string): Buffer {
  const key = Buffer.from(password, 'utf8')
  const md5 = (first: Buffer) => crypto.hash('md5', Buffer.concat([first, key]), 'buffer')
  let sum = md5(salt)
  for (let round = 0; round < 2 ** ln; round++) sum = md5(sum)
  return sum
}
