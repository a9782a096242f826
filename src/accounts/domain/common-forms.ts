import { type ForeignHash, foreignHash, writeForeignHash } from './foreign-hash.ts'
import type { SchemeName } from './foreign-schemes.ts'

/** A text of other systems, and the stored hash that it stands for. */
type Form = readonly [form: RegExp, read: (...groups: string[]) => ForeignHash | string]

const text = (salt: string): Buffer => Buffer.from(salt)
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')

/** Both alphabets of base64, and passlib's own, which has a dot for the plus; padded or not. */
const base64 = (letters: string): Buffer => Buffer.from(letters.replaceAll('.', '+'), 'base64')

/** An N that is no power of two has a logarithm that is no whole number, which no stored hash has. */
function scrypt(n: string, r: string, p: string, salt: Buffer, digest: Buffer, scheme: SchemeName = 'scrypt') {
  return foreignHash(scheme, { numbers: { ln: Math.log2(Number(n)), r: Number(r), p: Number(p) }, salt, digest })
}

const pbkdf2 = (sum: string, iterations: string, salt: Buffer, digest: Buffer): ForeignHash =>
  foreignHash(`pbkdf2-${sum}` as SchemeName, { numbers: { i: Number(iterations) }, salt, digest })

const sum = '(sha1|sha256|sha512)'
const count = '([1-9]\\d{0,9})'
const b64 = '([A-Za-z0-9+/_.-]+={0,2})'
const b64Salt = '([A-Za-z0-9+/_.-]*={0,2})'
const bcrypt = '(2[aby])\\$(\\d\\d)\\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})'

const forms: readonly Form[] = [
  // passlib: https://passlib.readthedocs.io/en/stable/lib/passlib.hash.pbkdf2_digest.html; plain `pbkdf2` has SHA-1.
  [
    regex(`\\$pbkdf2\\$${count}\\$${b64Salt}\\$${b64}`),
    (i, salt, digest) => pbkdf2('sha1', i, base64(salt), base64(digest)),
  ],
  [
    regex(`\\$pbkdf2-${sum}\\$${count}\\$${b64Salt}\\$${b64}`),
    (name, i, salt, digest) => pbkdf2(name, i, base64(salt), base64(digest)),
  ],
  // The string format with the digest's length as a parameter, as Auth0 and others write it.
  [
    regex(`\\$pbkdf2-${sum}\\$i=${count},l=\\d{1,3}\\$${b64Salt}\\$${b64}`),
    (name, i, salt, digest) => pbkdf2(name, i, base64(salt), base64(digest)),
  ],
  // Django's hashers.
  [
    regex(`pbkdf2_(sha1|sha256)\\$${count}\\$([^$]+)\\$${b64}`),
    (name, i, salt, digest) => pbkdf2(name, i, text(salt), base64(digest)),
  ],
  [
    regex(`scrypt\\$${count}\\$([^$]+)\\$${count}\\$${count}\\$${b64}`),
    (n, salt, r, p, digest) => scrypt(n, r, p, text(salt), base64(digest)),
  ],
  [regex('argon2(\\$argon2id?\\$.*)'), (rest) => rest],
  [regex(`bcrypt\\$\\$(${bcrypt})`), (rest) => `$${rest}`],
  [
    regex(`bcrypt_sha256\\$\\$${bcrypt}`),
    (_, cost, salt, digest) => `$django-bcrypt-sha256$t=2b,r=${Number(cost)}$${salt}$${digest}`,
  ],
  // Werkzeug's, whose digests are hexadecimal.
  [
    regex(`pbkdf2:${sum}:${count}\\$([^$]+)\\$([0-9a-f]+)`),
    (name, i, salt, digest) => pbkdf2(name, i, text(salt), hex(digest)),
  ],
  [
    regex(`scrypt:${count}:${count}:${count}\\$([^$]+)\\$([0-9a-f]+)`),
    (n, r, p, salt, digest) => scrypt(n, r, p, text(salt), hex(digest)),
  ],
  // better-auth's: the salt is the text of its digits, and the password is normalized.
  [
    regex('([0-9a-f]{32}):([0-9a-f]{128})'),
    (salt, digest) => scrypt('16384', '16', '1', text(salt), hex(digest), 'scrypt-nfkc'),
  ],
  // scrypt's `$s0$`: the three parameters in one hexadecimal number.
  [
    regex(`\\$s0\\$([0-9a-f]{1,8})\\$${b64Salt}\\$${b64}`),
    (all, salt, digest) => {
      const [n, r, p] = [
        Number.parseInt(all, 16) >>> 16,
        (Number.parseInt(all, 16) >>> 8) & 255,
        Number.parseInt(all, 16) & 255,
      ]
      return foreignHash('scrypt', { numbers: { ln: n, r, p }, salt: base64(salt), digest: base64(digest) })
    },
  ],
  // Firebase's, as Supabase keeps those that it has imported itself.
  [
    regex(`\\$fbscrypt\\$v=1,n=${count},r=${count},p=${count},ss=${b64},sk=${b64}\\$${b64}\\$${b64}`),
    (ln, r, p, ss, sk, salt, digest) =>
      foreignHash('firebase-scrypt', {
        numbers: { ln: Number(ln), r: Number(r), p: Number(p) },
        bytes: { ss: base64(ss), sk: base64(sk) },
        salt: base64(salt),
        digest: base64(digest),
      }),
  ],
  // PHP's portable hashes; phpBB names them H.
  [
    regex('\\$[PH]\\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})'),
    (ln, salt, digest) =>
      foreignHash('phpass', { numbers: { ln: crypt64.indexOf(ln) }, salt: text(salt), digest: fromCrypt64(digest) }),
  ],
  // RFC 2307 and its descendants: the sum, and behind it the salt.
  [
    regex('\\{SSHA(|256|512)\\}([A-Za-z0-9+/]+={0,2})', 'i'),
    (name, letters) => {
      const [bytes, size] = [base64(letters), { '': 20, '256': 32, '512': 64 }[name] ?? 0]
      const scheme = `ssha${name || '1'}` as SchemeName
      return foreignHash(scheme, { salt: bytes.subarray(size), digest: bytes.subarray(0, size) })
    },
  ],
]

/**
 * What a hash in another system's form is in ours, or null where it has none of the forms that are known. Whether it
 * is a hash that may be stored is not decided here.
 */
export function readCommonForm(hash: string): string | null {
  for (const [form, read] of forms) {
    const match = form.exec(hash)
    if (!match) continue
    const found = read(...match.slice(1))
    return typeof found === 'string' ? found : writeForeignHash(found)
  }
  return null
}

function regex(body: string, flags = ''): RegExp {
  return new RegExp(`^${body}$`, flags)
}

// The alphabet of crypt(3), which writes 24 bits with the lowest first.
const crypt64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function fromCrypt64(letters: string): Buffer {
  const bytes: number[] = []
  for (let at = 0; at < letters.length; at += 4) {
    const group = [...letters.slice(at, at + 4)]
    const value = group.reduce((sum, letter, place) => sum + crypt64.indexOf(letter) * 64 ** place, 0)
    for (let byte = 0; byte < Math.floor((group.length * 6) / 8); byte++)
      bytes.push(Math.floor(value / 256 ** byte) % 256)
  }
  return Buffer.from(bytes)
}
