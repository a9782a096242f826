import type { Config } from '../src/config.ts'

/** A key that is good enough. */
export const key = 'tY9uB2xWq7LmZ4vKc8RfN1sHd6GpJ3eA'

interface Variable {
  readonly field: keyof Config
  readonly fallback: unknown
  readonly valid: readonly [text: string, value: unknown][]
  readonly invalid: readonly string[]
  /** What the sentence says that it may be. */
  readonly mustBe: RegExp
}

const ttl = { invalid: ['0s', '60', 's', '1.5m', '-1m', '+1m', ' 1m', '1M', '1w', '1h30m', '3651d', '1m\n', '٣m'] }
const aDuration = /a duration such as 90s, 15m, 12h or 30d, from 1s to 3650d/

/** Every variable: its default, what it may be, and what it may not. */
export const variables: Readonly<Record<string, Variable>> = {
  HOST: {
    field: 'host',
    fallback: '127.0.0.1',
    valid: ['0.0.0.0', '::', '::1', 'localhost', 'my_host-1.internal'].map((text) => [text, text]),
    invalid: ['http://localhost', 'a b', '127.0.0.1/8', 'ü', 'h'.repeat(256)],
    mustBe: /a host name or an address to listen on/,
  },
  PORT: {
    field: 'port',
    fallback: 1602,
    valid: ['1', '80', '65535'].map((text) => [text, Number(text)]),
    invalid: ['65536', '-1', '+80', '80.0', '8e1', '0x50', ' 80', 'http', '٨٠'],
    mustBe: /a whole number from 0 to 65535/,
  },
  PUBLIC_URL: {
    field: 'publicUrl',
    fallback: 'http://localhost:1602',
    valid: [
      'https://auth.example.com',
      'https://auth.example.com:8443',
      'https://example.com/auth',
      'http://[::1]:8080',
    ].map((text) => [text, text]),
    invalid: [
      'auth.example.com',
      'ftp://example.com',
      'https://example.com/',
      'https://example.com/auth/',
      'https://EXAMPLE.com',
      'https://example.com:443',
      'https://example.com?a=b',
      'https://example.com?',
      'https://example.com#a',
      'https://user:hunter2@example.com',
      ' https://example.com',
      'https://example.com/a/../b',
      'https://bücher.example',
    ],
    mustBe: /an http or https URL in its plain form, .* with no slash at its end/,
  },
  DATABASE_URL: {
    field: 'databaseUrl',
    fallback: null,
    valid: [
      'postgres://latchkey:hunter2@db:5432/latchkey',
      'postgresql://db/latchkey',
      'postgres://db/latchkey?target_session_attrs=any&load_balance_hosts=disable',
      'postgres://db/latchkey?host=/var/run/postgresql&port=5433',
      'postgres://a:5432,b:5433/latchkey?target_session_attrs=read-write',
      'postgres://latchkey:a,b@a,[::1]:5433/latchkey?sslmode=verify-full&target_session_attrs=primary',
      ...['disable', 'prefer', 'require', 'verify-ca', 'verify-full'].map((mode) => `postgres://db/a?sslmode=${mode}`),
    ].map((text) => [text, text]),
    invalid: [
      'mysql://latchkey:hunter2@db/latchkey',
      'latchkey:hunter2@db',
      'hunter2',
      'postgres://latchkey:hunter2@db/latchkey?sslmode=verify_full',
      'postgres://latchkey:hunter2@db/latchkey?sslmode=Verify-Full',
      'postgres://latchkey:hunter2@db/latchkey?sslmode=',
      'postgres://latchkey:hunter2@db/latchkey?sslmode=verify-full&sslmode=none',
      'postgres://latchkey:hunter2@a,b/latchkey',
      'postgres://latchkey:hunter2@a,b/latchkey?target_session_attrs=any',
      'postgres://latchkey:hunter2@a,b/latchkey?target_session_attrs=prefer-standby',
      'postgres://latchkey:hunter2@a,b/latchkey?target_session_attrs=read-write&load_balance_hosts=random',
      'postgres://latchkey:hunter2@a,b/latchkey?target_session_attrs=read-write&port=5433',
      'postgres://latchkey:hunter2@a,/latchkey?target_session_attrs=read-write',
      'postgres://latchkey:hunter2@a:1,b:70000/latchkey?target_session_attrs=read-write',
      'postgres://latchkey:hunter2@a:x,b/latchkey?target_session_attrs=read-write',
      'postgres://latchkey:hunter2@/latchkey?host=a,b&target_session_attrs=read-write',
      'postgres://latchkey:hunter2@db/latchkey?target_session_attrs=standby',
      'postgres://latchkey:hunter2@db/latchkey?target_session_attrs=read-write&target_session_attrs=any',
    ],
    mustBe:
      /a URL (such as postgres:\/\/|whose (sslmode is one of: disable, prefer, require, verify-ca, verify-full|target_session_attrs is one of: any, read-write, primary)|without load_balance_hosts|that (has several hosts in one place|says target_session_attrs=read-write))/,
  },
  DATA_DIR: {
    field: 'dataDir',
    fallback: './data',
    valid: [['/var/lib/latchkey', '/var/lib/latchkey']],
    invalid: [],
    mustBe: /./,
  },
  SECRET_KEY: {
    field: 'secretKey',
    fallback: null,
    valid: [
      [key, key],
      ['ключ-из-букв-другого', 'ключ-из-букв-другого'],
    ],
    invalid: [key.slice(1), 'hunter2'],
    mustBe: /at least 32 bytes long, such as `openssl rand -base64 48` prints/,
  },
  SECRET_KEY_PREVIOUS: {
    field: 'secretKeyPrevious',
    fallback: null,
    valid: [[key, key]],
    invalid: [key.slice(1), 'hunter2'],
    mustBe: /at least 32 bytes long/,
  },
  TOKEN_ALGORITHM: {
    field: 'tokenAlgorithm',
    fallback: 'ES256',
    valid: ['ES256', 'EdDSA', 'PS256', 'RS256'].map((text) => [text, text]),
    invalid: ['none', 'HS256', 'es256', 'ES384'],
    mustBe: /one of: ES256, EdDSA, PS256, RS256/,
  },
  KEY_ROTATION_INTERVAL: {
    field: 'keyRotationInterval',
    fallback: 2_592_000,
    valid: [['90d', 7_776_000]],
    ...ttl,
    mustBe: aDuration,
  },
  JWKS_MAX_AGE: { field: 'jwksMaxAge', fallback: 600, valid: [['1h', 3600]], ...ttl, mustBe: aDuration },
  MAX_SESSIONS_PER_USER: {
    field: 'maxSessionsPerUser',
    fallback: 100,
    valid: [
      ['1', 1],
      ['10000', 10_000],
    ],
    invalid: ['0', '10001', '-1', '1.5', 'many'],
    mustBe: /a whole number from 1 to 10000/,
  },
  ACCESS_TOKEN_TTL: { field: 'accessTokenTtl', fallback: 60, valid: [['5m', 300]], ...ttl, mustBe: aDuration },
  REFRESH_TOKEN_TTL: {
    field: 'refreshTokenTtl',
    fallback: 300,
    valid: [
      ['90s', 90],
      ['15m', 900],
      ['12h', 43_200],
      ['30d', 2_592_000],
    ],
    ...ttl,
    mustBe: aDuration,
  },
  SESSION_MAX_AGE: {
    field: 'sessionMaxAge',
    fallback: 2_592_000,
    valid: [['3650d', 315_360_000]],
    ...ttl,
    mustBe: aDuration,
  },
  REFRESH_REUSE_WINDOW: {
    field: 'refreshReuseWindow',
    fallback: 10,
    valid: [
      ['0s', 0],
      ['1m', 60],
    ],
    invalid: ['10', '-1s', '3651d'],
    mustBe: /a duration .* from 0s to 3650d/,
  },
  REFRESH_REUSE_POLICY: {
    field: 'refreshReusePolicy',
    fallback: 'refuse',
    valid: ['refuse', 'repeat'].map((text) => [text, text]),
    invalid: ['Refuse', 'reject', ' repeat'],
    mustBe: /one of: refuse, repeat/,
  },
  BCRYPT_COST: {
    field: 'bcryptCost',
    fallback: 12,
    valid: [10, 11, 12, 13, 14, 15].map((cost) => [String(cost), cost]),
    invalid: ['9', '16', '4', '12.0', 'twelve'],
    mustBe: /a whole number from 10 to 15/,
  },
  HASH_DEADLINE: {
    field: 'hashDeadline',
    fallback: 5,
    valid: [
      ['1s', 1],
      ['1m', 60],
    ],
    invalid: ['0s', '61s', '5', '1h', '2m'],
    mustBe: /a duration .* from 1s to 60s/,
  },
  PASSWORD_BREACH_CHECK: {
    field: 'passwordBreachCheck',
    fallback: 'off',
    valid: ['off', 'hibp'].map((text) => [text, text]),
    invalid: ['on', 'HIBP', 'true'],
    mustBe: /one of: off, hibp/,
  },
  RATE_LIMIT: {
    field: 'rateLimit',
    fallback: true,
    valid: [
      ['on', true],
      ['off', false],
    ],
    invalid: ['true', 'OFF', '0', 'no'],
    mustBe: /one of: on, off/,
  },
  AUDIT_RETENTION: {
    field: 'auditRetention',
    fallback: 34_560_000,
    valid: [['30d', 2_592_000]],
    invalid: ['23h', '0d', '400', '3651d'],
    mustBe: /a duration .* from 86400s to 3650d/,
  },
  CORS_ORIGINS: {
    field: 'corsOrigins',
    fallback: [],
    valid: [
      ['https://app.example.com', ['https://app.example.com']],
      ['https://a.example, http://localhost:3000', ['https://a.example', 'http://localhost:3000']],
    ],
    invalid: [
      '*',
      'null',
      'app.example.com',
      'https://*.example.com',
      'https://app.example.com/',
      'https://app.example.com/a',
      'https://APP.example.com',
      'https://app.example.com:443',
      'file:///etc',
      'https://a.example,',
    ],
    mustBe: /exact origins with commas between them, such as https:\/\/app\.example\.com/,
  },
  TRUSTED_PROXIES: {
    field: 'trustedProxies',
    fallback: [],
    valid: [
      ['10.0.0.0/8', ['10.0.0.0/8']],
      ['192.0.2.1, 2001:db8::/32,::1', ['192.0.2.1', '2001:db8::/32', '::1']],
      ['::ffff:10.0.0.0/97,0.0.0.0/1,::/1', ['::ffff:10.0.0.0/97', '0.0.0.0/1', '::/1']],
    ],
    invalid: [
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'proxy',
      'true',
      'fe80::1%eth0/64',
      '0.0.0.0/0',
      '::/0',
      '::ffff:10.0.0.0/96',
      '0:0:0:0:0:ffff:a00:0/8',
      '10.0.0.0/255.0.0.0',
      ',',
    ],
    mustBe: /addresses or CIDRs with commas between them, such as 10\.0\.0\.0\/8 \(not \/0: .*\)/,
  },
  LOG_LEVEL: {
    field: 'logLevel',
    fallback: 'info',
    valid: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((text) => [text, text]),
    invalid: ['INFO', 'verbose', '30'],
    mustBe: /one of: fatal, error, warn, info, debug, trace, silent/,
  },
  SHUTDOWN_DELAY: {
    field: 'shutdownDelay',
    fallback: 0,
    valid: [
      ['0s', 0],
      ['5m', 300],
    ],
    invalid: ['301s', '5', '-1s', '1h'],
    mustBe: /a duration .* from 0s to 300s/,
  },
  WORKERS: {
    field: 'workers',
    fallback: 1,
    valid: [
      ['1', 1],
      // The embedded database belongs to one process.
      ['auto', 1],
    ],
    invalid: ['0', '65', '-1', '1.5', 'AUTO', 'all'],
    mustBe: /auto, or a whole number from 1 to 64/,
  },
  ADMIN_HOST: {
    field: 'adminHost',
    fallback: '127.0.0.1',
    valid: ['0.0.0.0', '::1', 'localhost'].map((text) => [text, text]),
    invalid: ['http://localhost', 'a b', '127.0.0.1/8'],
    mustBe: /a host name or an address to listen on/,
  },
  ADMIN_PORT: {
    field: 'adminPort',
    fallback: null,
    valid: ['0', '9464', '65535'].map((text) => [text, Number(text)]),
    invalid: ['65536', '-1', 'on', '9464.0'],
    mustBe: /a whole number from 0 to 65535/,
  },
  CONFIG_FILE: {
    field: 'configFile',
    fallback: null,
    valid: [['/etc/latchkey.env', '/etc/latchkey.env']],
    invalid: [],
    mustBe: /./,
  },
}
