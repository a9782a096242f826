import { createHash } from 'node:crypto'
import { hashSync } from '@node-rs/bcrypt'

/** A password, its hash as another system writes it, and the beginning of what is stored for it. */
export type Vector = readonly [source: string, password: string, hash: string, stored: string]

const django = createHash('sha256').update('correct horse').digest('hex')
const firebaseKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA'

/**
 * Published: passlib's tests and documentation (BSD), Django's tests (BSD), the reference implementation of Argon2 (CC0),
 * RFC 7914, Firebase's scrypt (BSD), Supabase's tests (MIT). Those of Werkzeug were made with Werkzeug 3; the rest with the libraries here, since
 * no vector is published.
 */
export const vectors: readonly Vector[] = [
  [
    'argon2i, the reference implementation',
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    '$argon2i$v=19$m=65536,t=2,p=1$',
  ],
  [
    'argon2id, the reference implementation',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=2,p=1$',
  ],
  [
    'scrypt, RFC 7914 in the string format',
    'pleaseletmein',
    '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw',
    '$scrypt$ln=14,r=8,p=1$',
  ],
  [
    'scrypt, Django',
    'lètmein',
    'scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==',
    '$scrypt$ln=14,r=8,p=5$c2Vhc2FsdA$',
  ],
  [
    'scrypt, Werkzeug',
    'correct horse',
    'scrypt:1024:8:1$grc2buhdHyfcNqgb$4733770c6e25091510f28612ed161041990e9b4f0fa91738beeeec7e2dfd0a1350a4b107795edd1c60ccc98646732ba396bbc28ec2e1a21542c4ae7eff846717',
    '$scrypt$ln=10,r=8,p=1$',
  ],
  [
    'pbkdf2 with SHA-1, passlib',
    'password',
    '$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI',
    '$pbkdf2-sha1$i=1212$OB+dtnSEXZK8U5cgxU/GYQ$',
  ],
  [
    'pbkdf2 with SHA-256, passlib',
    'password',
    '$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
    '$pbkdf2-sha256$i=1212$',
  ],
  [
    'pbkdf2 with SHA-256, Werkzeug',
    'correct horse',
    'pbkdf2:sha256:1000$QUhcIMZw6i5twmCY$4e40fab0e76569981789600150953f533493d9d9e45d0ffb21fae64506abb2fb',
    '$pbkdf2-sha256$i=1000$',
  ],
  ['phpass, passlib', 'password', '$P$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', '$phpass$ln=10$b2hVSi4xc2Q$'],
  ['phpass, as phpBB names it', 'password', '$H$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1', '$phpass$ln=10$b2hVSi4xc2Q$'],
  [
    'SSHA512, passlib',
    'password',
    '{SSHA512}f/lFQskkl7PdMsTGJxHZq8LDt/l+UqRMm6/pj4pV7/xZkcOaKCgvQqp+KCeXc/Vd4RY6vEHWn4y0DnFcQ6wgyv9fyxk=',
    '$ssha512$/1/LGQ$',
  ],
  ['SSHA', 'correct horse', `{SSHA}${salted('sha1')}`, '$ssha1$c2FsdA$'],
  ['SSHA256', 'correct horse', `{SSHA256}${salted('sha256')}`, '$ssha256$c2FsdA$'],
  [
    'Firebase',
    'user1password',
    `$firebase-scrypt$ln=14,r=8,p=1,ss=Bw,sk=${firebaseKey}$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ`,
    '$firebase-scrypt$ln=14,r=8,p=1,ss=Bw,sk=',
  ],
  [
    'Firebase, as Supabase keeps it',
    'mytestpassword',
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==',
    '$firebase-scrypt$ln=14,r=8,p=1,ss=Bw,sk=ou9td',
  ],
  ['bcrypt, Django', 'correct horse', `bcrypt$${hashSync('correct horse', 4)}`, '$2b$04$'],
  [
    'bcrypt of a SHA-256 sum, Django',
    'correct horse',
    `bcrypt_sha256$${hashSync(django, 4)}`,
    '$django-bcrypt-sha256$t=2b,r=4$',
  ],
  ['bcrypt as PHP writes it', 'correct horse', hashSync('correct horse', 4).replace('$2b$', '$2y$'), '$2y$04$'],
]

function salted(algorithm: string): string {
  const salt = Buffer.from('salt')
  return Buffer.concat([createHash(algorithm).update('correct horse').update(salt).digest(), salt]).toString('base64')
}
