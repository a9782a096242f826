import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCommonForm } from '../../../src/accounts/domain/common-forms.ts'

// Bytes whose base64 has both of the letters in which the alphabets differ.
const digest = Buffer.alloc(32, Buffer.from('fbefbeff3f', 'hex'))
const hex = digest.toString('hex')
const padded = digest.toString('base64')
const plain = padded.replaceAll('=', '')
const ofUrls = plain.replaceAll('+', '-').replaceAll('/', '_')
const ofPasslib = plain.replaceAll('+', '.')
const bcryptSalt = 'Z17AXnnlpzddNUvnC6cZNO'
const bcryptDigest = 'SwMA/8oNiKnHTHTwLlBijfucQQlHjaG'
const rfc2307 = (size: number) => Buffer.concat([Buffer.alloc(size, digest), Buffer.from('salt')]).toString('base64')
const sum = (size: number) => Buffer.alloc(size, digest).toString('base64').replaceAll('=', '')
// 128 hexadecimal digits, as better-auth has them.
const long = Buffer.alloc(64, digest)

describe('a hash in the form of another system', () => {
  for (const [what, form, stored] of [
    ['passlib, SHA-1', `$pbkdf2$1212$c2FsdA$${ofPasslib}`, `$pbkdf2-sha1$i=1212$c2FsdA$${plain}`],
    ['passlib, SHA-256', `$pbkdf2-sha256$1212$c2FsdA$${ofPasslib}`, `$pbkdf2-sha256$i=1212$c2FsdA$${plain}`],
    ['passlib, SHA-512', `$pbkdf2-sha512$1212$c2FsdA$${ofPasslib}`, `$pbkdf2-sha512$i=1212$c2FsdA$${plain}`],
    ['the alphabet of URLs', `$pbkdf2-sha256$1212$c2FsdA$${ofUrls}`, `$pbkdf2-sha256$i=1212$c2FsdA$${plain}`],
    ['Auth0, SHA-1', `$pbkdf2-sha1$i=1000,l=32$c2FsdA==$${padded}`, `$pbkdf2-sha1$i=1000$c2FsdA$${plain}`],
    ['Auth0, SHA-512', `$pbkdf2-sha512$i=100000,l=32$c2FsdA$${plain}`, `$pbkdf2-sha512$i=100000$c2FsdA$${plain}`],
    ['Django, SHA-1', `pbkdf2_sha1$1000$salt$${padded}`, `$pbkdf2-sha1$i=1000$c2FsdA$${plain}`],
    ['Django, SHA-256', `pbkdf2_sha256$1200000$sält$${padded}`, `$pbkdf2-sha256$i=1200000$c8OkbHQ$${plain}`],
    ['Django, scrypt', `scrypt$16384$salt$8$5$${padded}`, `$scrypt$ln=14,r=8,p=5$c2FsdA$${plain}`],
    [
      'Django, argon2',
      `argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$${plain}`,
      `$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$${plain}`,
    ],
    [
      'Django, argon2i',
      `argon2$argon2i$v=19$m=512,t=2,p=2$c29tZXNhbHQ$${plain}`,
      `$argon2i$v=19$m=512,t=2,p=2$c29tZXNhbHQ$${plain}`,
    ],
    ['Django, bcrypt', `bcrypt$$2b$12$${bcryptSalt}${bcryptDigest}`, `$2b$12$${bcryptSalt}${bcryptDigest}`],
    [
      'Django, bcrypt of a sum',
      `bcrypt_sha256$$2b$04$${bcryptSalt}${bcryptDigest}`,
      `$django-bcrypt-sha256$t=2b,r=4$${bcryptSalt}$${bcryptDigest}`,
    ],
    ['Werkzeug, SHA-1', `pbkdf2:sha1:1000$salt$${hex}`, `$pbkdf2-sha1$i=1000$c2FsdA$${plain}`],
    ['Werkzeug, SHA-512', `pbkdf2:sha512:1000000$salt$${hex}`, `$pbkdf2-sha512$i=1000000$c2FsdA$${plain}`],
    ['Werkzeug, scrypt', `scrypt:32768:8:1$salt$${hex}`, `$scrypt$ln=15,r=8,p=1$c2FsdA$${plain}`],
    [
      'better-auth',
      `${'0f'.repeat(16)}:${long.toString('hex')}`,
      `$scrypt-nfkc$ln=14,r=16,p=1$${'MGYwZjBm'.repeat(5)}MGY$${sum(64)}`,
    ],
    ['scrypt with its parameters in one', `$s0$e0801$c2FsdA==$${padded}`, `$scrypt$ln=14,r=8,p=1$c2FsdA$${plain}`],
    ['the same of other parameters', `$s0$100f03$c2FsdA==$${padded}`, `$scrypt$ln=16,r=15,p=3$c2FsdA$${plain}`],
    [
      'Firebase, as Supabase keeps it',
      `$fbscrypt$v=1,n=14,r=8,p=2,ss=Bw==,sk=${padded}$c2FsdA==$${padded}`,
      `$firebase-scrypt$ln=14,r=8,p=2,ss=Bw,sk=${plain}$c2FsdA$${plain}`,
    ],
    // The MD5 sum, 2^10 times, of the salt and `password`.
    ['phpass', '$P$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', '$phpass$ln=10$b2hVSi4xc2Q$ES8swYmZDLd90pO5REOB+Q'],
    ['phpBB', '$H$9ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', '$phpass$ln=11$b2hVSi4xc2Q$ES8swYmZDLd90pO5REOB+Q'],
    ['RFC 2307', `{SSHA}${rfc2307(20)}`, `$ssha1$c2FsdA$${sum(20)}`],
    ['RFC 2307 of SHA-256', `{SSHA256}${rfc2307(32)}`, `$ssha256$c2FsdA$${sum(32)}`],
    ['RFC 2307 of SHA-512', `{SSHA512}${rfc2307(64)}`, `$ssha512$c2FsdA$${sum(64)}`],
    ['RFC 2307 in lower case', `{ssha256}${rfc2307(32)}`, `$ssha256$c2FsdA$${sum(32)}`],
  ] as const) {
    it(`is read into the one text that is stored: ${what}`, () => assert.equal(readCommonForm(form), stored))
  }

  for (const [what, text] of [
    ['nothing', ''],
    ['a stored hash', `$pbkdf2-sha256$i=1000$c2FsdA$${plain}`],
    ['something before it', ` pbkdf2_sha256$1000$salt$${padded}`],
    ['something behind it', `pbkdf2_sha256$1000$salt$${padded} `],
    ['a line break behind it', `pbkdf2:sha1:1000$salt$${hex}\n`],
    ['no iterations', `pbkdf2_sha256$0$salt$${padded}`],
    ['a leading zero', `pbkdf2_sha256$01000$salt$${padded}`],
    ['capital digits of a hexadecimal sum', `pbkdf2:sha1:1000$salt$${hex.toUpperCase()}`],
    ['no salt, of Django', `pbkdf2_sha256$1000$$${padded}`],
    ['argon2d, of Django', `argon2$argon2d$v=19$m=512,t=2,p=2$c29tZXNhbHQ$${plain}`],
    ['a digit too few, of better-auth', `${'0f'.repeat(16)}:${long.toString('hex').slice(1)}`],
    ['a letter too many, of phpass', '$P$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1.'],
    ['a sum that is not known', `{SSHA384}${rfc2307(48)}`],
    ['another version, of Firebase', `$fbscrypt$v=2,n=14,r=8,p=2,ss=Bw==,sk=${padded}$c2FsdA==$${padded}`],
  ] as const) {
    it(`is not found in a text of no such form: ${what}`, () => assert.equal(readCommonForm(text), null))
  }
})
