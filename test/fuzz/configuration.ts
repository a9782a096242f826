import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { duration, integer, isNetwork, isOrigin, publicUrl } from '../../src/config-readers.ts'
import { canonicalAddress } from '../../src/platform/http/address.ts'
import { clientAddress, networks } from '../../src/platform/http/client-address.ts'
import { near, nearTo } from './mutate.ts'
import { type Property, property } from './property.ts'

const secret = 'kS4f9-QzR7t_Wb2Xc8Vn5Mj1Lh6Gd3Pa0Yu'
const previous = 'Zp8Wq3Nv6Bx1Km5Tj9Rf2Hd7Ls4Gc0Ya_Ue'
const database = 'postgres://latchkey:hunter22-hunter22@db.example.com:5432/latchkey?sslmode=require'

/** Each variable with texts that are right for it. */
const right: Readonly<Record<string, readonly string[]>> = {
  HOST: ['127.0.0.1', '::1', '0.0.0.0', 'localhost'],
  PORT: ['0', '1602', '65535'],
  PUBLIC_URL: ['http://localhost:1602', 'https://auth.example.com', 'https://example.com/auth'],
  DATABASE_URL: [database, 'postgresql://localhost/x'],
  DATA_DIR: ['./data', '/var/lib/latchkey'],
  SECRET_KEY: [secret],
  SECRET_KEY_PREVIOUS: [previous],
  TOKEN_ALGORITHM: ['ES256', 'EdDSA', 'PS256', 'RS256'],
  KEY_ROTATION_INTERVAL: ['30d', '620s'],
  JWKS_MAX_AGE: ['10m', '600s'],
  MAX_SESSIONS_PER_USER: ['1', '100', '10000'],
  ACCESS_TOKEN_TTL: ['60s', '1m', '1h'],
  REFRESH_TOKEN_TTL: ['5m', '12h'],
  SESSION_MAX_AGE: ['30d', '1h'],
  REFRESH_REUSE_WINDOW: ['0s', '10s'],
  REFRESH_REUSE_POLICY: ['refuse', 'repeat'],
  BCRYPT_COST: ['10', '15'],
  RATE_LIMIT: ['on', 'off'],
  CORS_ORIGINS: ['https://app.example.com', 'https://a.example, http://b.example:3000'],
  TRUSTED_PROXIES: ['10.0.0.0/8', '::1', '192.0.2.7,2001:db8::/32', '::ffff:10.0.0.0/104'],
  LOG_LEVEL: ['info', 'silent'],
}

const environment = fc
  .uniqueArray(fc.constantFrom(...Object.keys(right)), { maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((name) => near(...(right[name] ?? [])).map((text) => [name, text] as const))))
  .map((entries): Record<string, string> => Object.fromEntries(entries))

const read = (env: Record<string, string>) => {
  try {
    return parseConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

const cidr = nearTo(
  fc.oneof(
    fc.constantFrom(...(right.TRUSTED_PROXIES ?? []), '0.0.0.0/0', '::/0', '::ffff:0:0/96', '::1.2.3.4/128'),
    fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(140)).map(([address, prefix]) => `${address}/${prefix}`),
  ),
)

const hop = near('192.0.2.7', '203.0.113.9', '10.1.2.3', '2001:db8::1', '::ffff:10.0.0.1', '[::1]:80', '192.0.2.7:4711')

export const configuration: readonly Property[] = [
  property(
    'an environment is a configuration that is frozen, or sentences that name what to mend',
    environment,
    (env) => {
      const result = read(env)
      if (!(result instanceof ConfigError)) {
        assert.ok(Object.isFrozen(result))
        // Reading a text twice gives the same, so nothing of the first reading is left behind.
        return assert.deepEqual(read(env), result)
      }
      assert.ok(result.problems.length > 0)
      for (const sentence of result.problems) {
        assert.match(sentence, /^[A-Z_]{4,} .*\.$/s)
        for (const name of ['SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'DATABASE_URL']) {
          const text = env[name] ?? ''
          if (text.length >= 12) assert.ok(!sentence.includes(text), `${name} is shown`)
        }
        assert.ok(!sentence.includes('hunter22'))
      }
    },
    1000,
  ),

  property(
    'a duration is read as the whole seconds that it says, within its bounds',
    near('90s', '15m', '12h', '30d', '1s', '3650d', '000000001s'),
    (text) => {
      const result = duration(1)(text)
      if (!('value' in result)) return assert.doesNotMatch(text, /^[1-9][0-9]{0,3}[smh]$/)
      assert.ok(Number.isSafeInteger(result.value) && result.value >= 1 && result.value <= 3650 * 86_400)
      assert.deepEqual(duration(1)(`${result.value}s`), result)
      const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[text.at(-1) ?? '']
      assert.equal(result.value, Number(text.slice(0, -1)) * (unit ?? 0))
    },
    1000,
  ),

  property(
    'a number is read as the decimal that it is, within its bounds',
    near('0', '1602', '65535', '65536'),
    (text) => {
      const result = integer(0, 65_535)(text)
      if (!('value' in result)) return
      assert.match(text, /^[0-9]+$/)
      assert.equal(BigInt(result.value), BigInt(text))
      assert.ok(result.value >= 0 && result.value <= 65_535)
    },
    1000,
  ),

  property(
    'a public URL and an origin are accepted in their one spelling alone',
    near(
      ...(right.PUBLIC_URL ?? []),
      'http://[::1]:80',
      'https://xn--bcher-kva.example',
      'HTTPS://EXAMPLE.COM',
      'https://a@b.c',
    ),
    (text) => {
      const result = publicUrl(text)
      if ('value' in result) {
        const url = new URL(text)
        assert.ok([url.href, url.origin].includes(text))
        assert.ok(!text.endsWith('/') && /^https?:\/\//.test(text))
        assert.deepEqual([url.username, url.password, url.search, url.hash], ['', '', '', ''])
        assert.match(text, /^[!-~]+$/)
      }
      if (!isOrigin(text)) return
      assert.equal(new URL(text).origin, text)
      assert.match(text, /^https?:\/\/[!-~]+$/)
    },
    1500,
  ),

  property(
    'a network that is accepted is one that can be asked, and holds its own address',
    cidr,
    (text) => {
      if (!isNetwork(text)) return
      const belongs = networks([text])
      const address = canonicalAddress(text.split('/')[0] ?? '')
      assert.ok(address && isIP(address) !== 0)
      assert.equal(belongs(address), true)
      const everybody = ['1.2.3.4', '200.2.3.4', '2001:db8::1', 'fe80::1', '::1', 'abcd::'].every(belongs)
      assert.equal(everybody, false, 'everybody is trusted')
    },
    1500,
  ),

  property(
    'whatever a stranger writes into X-Forwarded-For, the address is the one that the last proxy saw',
    fc.record({ claims: fc.array(hop, { maxLength: 4 }), separator: fc.constantFrom(',', ', ', ' ,', ',,') }),
    ({ claims, separator }) => {
      const isProxy = networks(['10.0.0.0/8', '::1'])
      const seen = '203.0.113.9'
      const header = [...claims, seen, '10.9.9.9'].join(separator)
      assert.equal(clientAddress('10.0.0.1', header, isProxy), seen)
      assert.equal(clientAddress('::ffff:10.0.0.1', header, isProxy), seen)
      assert.equal(clientAddress('198.51.100.1', header, isProxy), '198.51.100.1')
      const claimed = clientAddress('10.0.0.1', claims.join(separator), isProxy)
      assert.ok(claimed !== null)
      assert.equal(canonicalAddress(claimed), claimed)
    },
    1000,
  ),
]
