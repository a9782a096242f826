import { hashSync } from '@node-rs/bcrypt'

/** The password of everybody in these dumps, but in Firebase's. */
export const everybodys = 'correct horse'

const bcrypt = hashSync(everybodys, 4)
const scryptSalt = '2a3f0c8d5e6b7a90112233445566778f'
/** Made with Python's scrypt, as better-auth has it: N 16384, r 16, p 1, 64 bytes. */
const scryptDigest =
  'b4b6d43468db9254a580ef548f34661eee5abb55cba9db340f08c17de104d65ae8532560312cc0fc6280cc31dc488d9c3b324feb112f353df0746dc742665012'

/** Small dumps in each source's form, made for these tests. All of them hold ann@example.com with her password. */
export const dumps = {
  'supabase.sql': `--
-- PostgreSQL database dump
--
COPY auth.audit_log_entries (id, payload) FROM stdin;
1\tann@example.com
\\.
COPY auth.users (instance_id, id, email, encrypted_password, created_at, deleted_at, banned_until, raw_user_meta_data) FROM stdin;
0\t8d2f5e1c-0000-4000-8000-000000000001\tann@example.com\t${bcrypt}\t2024-05-01 10:20:30.123456+00\t\\N\t\\N\t{"name": "A\\\\tb\\nnn"}
0\t8d2f5e1c-0000-4000-8000-000000000002\tgone@example.com\t${bcrypt}\t2024-05-01 10:20:30+00\t2024-06-01 00:00:00+00\t\\N\t{}
0\t8d2f5e1c-0000-4000-8000-000000000003\tlink@example.com\t\t2024-05-02 10:20:30+00\t\\N\t\\N\t{}
0\t8d2f5e1c-0000-4000-8000-000000000004\tbanned@example.com\t${bcrypt}\t2024-05-03 10:20:30+00\t\\N\t2124-05-03 10:20:30+00\t{}
0\t8d2f5e1c-0000-4000-8000-000000000005\tback@example.com\t${bcrypt}\t2024-05-03 10:20:30+00\t\\N\t2024-06-03 10:20:30+00\t{}
broken line
\\.
COPY public.users (id, email) FROM stdin;
1\tother@example.com
\\.
`,
  'supabase.csv': `id,email,encrypted_password,created_at,deleted_at,banned_until
8d2f5e1c-0000-4000-8000-000000000001,ann@example.com,${bcrypt},2024-05-01 10:20:30.123456+00,,
8d2f5e1c-0000-4000-8000-000000000004,banned@example.com,${bcrypt},2024-05-03 10:20:30+00,,2124-05-03 10:20:30+00
8d2f5e1c-0000-4000-8000-000000000005,back@example.com,${bcrypt},2024-05-03 10:20:30+00,,2024-06-03 10:20:30+00
8d2f5e1c-0000-4000-8000-000000000006,ever@example.com,${bcrypt},2024-05-03 10:20:30+00,,infinity
`,
  'keycloak.json': JSON.stringify(
    {
      realm: 'shop',
      roles: { realm: [{ name: 'users', composite: false, attributes: {} }] },
      users: [
        {
          id: 'a1',
          username: 'ann',
          email: 'ann@example.com',
          enabled: true,
          createdTimestamp: 1714558830123,
          credentials: [
            { type: 'otp', secretData: '{}', credentialData: '{}' },
            {
              type: 'password',
              secretData: JSON.stringify({
                value: '+sUSD8jw4f8ns7m9b7kj8PeJLe8lJXO8Am09BLgO79kST9D/Ija5aKINGF5Xg7hkKXw1+fNhBzzJP3eIXcWXww==',
                salt: 'c2FsdHNhbHQ=',
                additionalParameters: {},
              }),
              credentialData: JSON.stringify({
                hashIterations: 1000,
                algorithm: 'pbkdf2-sha512',
                additionalParameters: {},
              }),
            },
          ],
        },
        {
          email: 'bob@example.com',
          enabled: false,
          createdTimestamp: 1714558830123,
          credentials: [
            {
              type: 'password',
              secretData: JSON.stringify({
                value: 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=',
                salt: 'c29tZXNhbHQ=',
              }),
              credentialData: JSON.stringify({
                hashIterations: 2,
                algorithm: 'argon2',
                additionalParameters: {
                  hashLength: ['32'],
                  memory: ['65536'],
                  type: ['id'],
                  version: ['1.3'],
                  parallelism: ['1'],
                },
              }),
            },
          ],
        },
        { email: 'old@example.com', credentials: [{ type: 'password', secretData: '{', credentialData: '{}' }] },
        { username: 'service-account-shop', enabled: true },
      ],
      clients: [{ clientId: 'users', users: ['not one'] }],
    },
    null,
    2,
  ),
  'firebase.json': JSON.stringify({
    users: [
      {
        localId: 'k1',
        email: 'ann@example.com',
        emailVerified: true,
        passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
        salt: '42xEC+ixf3L2lw==',
        createdAt: '1508893925000',
        disabled: false,
        providerUserInfo: [{ providerId: 'google.com', email: 'ann@example.com' }],
      },
      { localId: 'k2', email: 'google@example.com', createdAt: '1508893925000' },
      { localId: 'k3', email: 'banned@example.com', createdAt: '1508893925000', disabled: true },
    ],
  }),
  'firebase.csv': `k1,ann@example.com,false,lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==,42xEC+ixf3L2lw==,"Ann, A",,,,,,,,,,,,,,,,,,1508893925000,1508893925000,,
k3,banned@example.com,false,,,,,,,,,,,,,,,,,,,,,1508893925000,1508893925000,,true,
`,
  'better-auth.csv': `id,email,"createdAt",banned,"banExpires",password
u1,ann@example.com,2024-05-01 10:20:30.123,f,,${scryptSalt}:${scryptDigest}
u2,github@example.com,2024-05-01 10:20:30.123,,,
u3,banned@example.com,2024-05-01 10:20:30.123,t,,
u4,until@example.com,2024-05-01 10:20:30.123,t,2124-05-01 10:20:30.123,
u5,back@example.com,2024-05-01 10:20:30.123,t,2024-06-01 10:20:30.123,
u6,pardoned@example.com,2024-05-01 10:20:30.123,f,2124-05-01 10:20:30.123,
`,
  'auth0.ndjson': [
    {
      _id: { $oid: '5dea9f9c82dd7c0e76e4ec93' },
      email_verified: true,
      email: 'ann@example.com',
      passwordHash: bcrypt,
      password_set_date: { $date: '2019-12-06T18:36:12.412Z' },
      tenant: 'shop',
      connection: 'Username-Password-Authentication',
      _tmp_is_unique: true,
    },
    {
      _id: { $oid: '5dea9f9c82dd7c0e76e4ec94' },
      identifiers: [{ type: 'email', value: 'bob@example.com', verified: true }],
      custom_password_hash: {
        algorithm: 'argon2',
        hash: { value: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' },
      },
    },
    { _id: { $oid: '5dea9f9c82dd7c0e76e4ec95' }, email: 'banned@example.com', passwordHash: bcrypt, blocked: true },
  ]
    .map((line) => JSON.stringify(line))
    .join('\n'),
  'python.sql': `COPY public.users (id, email, hashed_password, is_active) FROM stdin;
1\tann@example.com\t${bcrypt}\tt
17\tbob@example.com\t${bcrypt}\tt
18\tbanned@example.com\t${bcrypt}\tf
\\.
`,
  'plain.csv': `email,password_hash,id,created_at,disabled
ann@example.com,${bcrypt},7,2024-05-01T10:20:30Z,false
bob@example.com,,8,,true
"unclosed@example.com,x,9,,
`,
} as const
