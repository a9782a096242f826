import { BlockList, isIP } from 'node:net'
import { Secret } from './kernel/secret.ts'

/** The whole configuration, parsed once and frozen. Durations are whole seconds. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly databaseUrl: Secret | null
  readonly dataDir: string
  readonly secretKey: Secret | null
  readonly accessTokenTtl: number
  readonly refreshTokenTtl: number
  readonly sessionMaxAge: number
  readonly refreshReuseWindow: number
  readonly refreshReusePolicy: 'refuse' | 'repeat'
  readonly bcryptCost: number
  readonly rateLimit: boolean
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly logLevel: (typeof logLevels)[number]
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** What `parseConfig` throws: one sentence for each variable that must be mended, never a secret's value. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** A reader turns a variable's text into its value, or answers what it may be, in words that follow "must be". */
type Reader<T> = (text: string) => { value: T } | { mustBe: string }

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const longest = 3650 * 86_400

const duration =
  (min: number): Reader<number> =>
  (text) => {
    const [, count, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? []
    const seconds = Number(count) * (units[unit ?? ''] ?? Number.NaN)
    if (seconds >= min && seconds <= longest) return { value: seconds }
    return { mustBe: `a duration such as 90s, 15m, 12h or 30d, from ${min}s to 3650d` }
  }

const integer =
  (min: number, max: number): Reader<number> =>
  (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? { value } : { mustBe: `a whole number from ${min} to ${max}` }
  }

const oneOf =
  <const T extends string>(...allowed: readonly T[]): Reader<T> =>
  (text) => {
    const value = allowed.find((word) => word === text)
    return value === undefined ? { mustBe: `one of: ${allowed.join(', ')}` } : { value }
  }

const list =
  (accepts: (item: string) => boolean, mustBe: string): Reader<readonly string[]> =>
  (text) => {
    const value = text.split(',').map((item) => item.trim())
    return value.every(accepts) ? { value: Object.freeze(value) } : { mustBe }
  }

function publicUrl(text: string): { value: string } | { mustBe: string } {
  const url = URL.canParse(text) ? new URL(text) : null
  const plain = url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password
  // One spelling only: `iss` is compared byte by byte (RFC 8414, section 3.3; RFC 9068, section 4).
  if (plain && !url.search && !url.hash && (text === url.origin || (text === url.href && !text.endsWith('/')))) {
    return { value: text }
  }
  return {
    mustBe: 'an http or https URL in its plain form, such as https://auth.example.com, with no slash at its end',
  }
}

function databaseUrl(text: string): { value: Secret } | { mustBe: string } {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol === 'postgres:' || url?.protocol === 'postgresql:') return { value: new Secret(text) }
  return { mustBe: 'a URL such as postgres://user:password@host:5432/database (its text is not shown here)' }
}

const wellKnownKeys =
  /^(your|my|the|change|default|example|super|top|insert|replace|enter|some|a)?[-_ ]?.{0,8}(secret|change[-_ ]?me|changeit|password|passphrase|0123456789|123456789|abcdefgh|qwerty)/i

function secretKey(text: string): { value: Secret } | { mustBe: string } {
  if (Buffer.byteLength(text) < 32)
    return { mustBe: 'at least 32 bytes long, such as `openssl rand -base64 48` prints' }
  if (wellKnownKeys.test(text) || new Set(text).size < 10) {
    return { mustBe: 'random: this one is well known or repeats itself; take what `openssl rand -base64 48` prints' }
  }
  return { value: new Secret(text) }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  if (!/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) return false
  new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  return true
}

/**
 * Reads the environment once and checks all of it before anything starts.
 *
 * @throws ConfigError with a sentence for every variable that is wrong, not for the first alone.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []

  function read<T, D>(name: string, fallback: D, reader: Reader<T>): T | D {
    const text = env[name]
    // Compose files and shells hand on unset variables as empty ones, so empty means absent.
    if (text === undefined || text === '') return fallback
    const result = reader(text)
    if ('value' in result) return result.value
    problems.push(`${name} must be ${result.mustBe}.`)
    return fallback
  }

  const host = read('HOST', '127.0.0.1', (text) =>
    /^[A-Za-z0-9.:_-]{1,255}$/.test(text) ? { value: text } : { mustBe: 'a host name or an address to listen on' },
  )
  const port = read('PORT', 1602, integer(0, 65_535))
  const config: Config = {
    host,
    port,
    publicUrl: read('PUBLIC_URL', `http://localhost:${port}`, publicUrl),
    databaseUrl: read('DATABASE_URL', null, databaseUrl),
    dataDir: env.DATA_DIR || './data',
    secretKey: read('SECRET_KEY', null, secretKey),
    accessTokenTtl: read('ACCESS_TOKEN_TTL', 60, duration(1)),
    refreshTokenTtl: read('REFRESH_TOKEN_TTL', 300, duration(1)),
    sessionMaxAge: read('SESSION_MAX_AGE', 30 * 86_400, duration(1)),
    refreshReuseWindow: read('REFRESH_REUSE_WINDOW', 10, duration(0)),
    refreshReusePolicy: read('REFRESH_REUSE_POLICY', 'refuse', oneOf('refuse', 'repeat')),
    bcryptCost: read('BCRYPT_COST', 12, integer(10, 15)),
    rateLimit: read('RATE_LIMIT', 'on', oneOf('on', 'off')) === 'on',
    corsOrigins: read(
      'CORS_ORIGINS',
      [],
      list(isOrigin, 'exact origins with commas between them, such as https://app.example.com'),
    ),
    trustedProxies: read(
      'TRUSTED_PROXIES',
      [],
      list(isNetwork, 'addresses or CIDRs with commas between them, such as 10.0.0.0/8'),
    ),
    logLevel: read('LOG_LEVEL', 'info', oneOf(...logLevels)),
  }

  const contradict = (when: boolean, sentence: string) => {
    if (when) problems.push(sentence)
  }
  contradict(
    config.accessTokenTtl > config.refreshTokenTtl,
    'ACCESS_TOKEN_TTL must not be longer than REFRESH_TOKEN_TTL: an access token would outlive its session.',
  )
  contradict(
    config.refreshTokenTtl > config.sessionMaxAge,
    'REFRESH_TOKEN_TTL must not be longer than SESSION_MAX_AGE: no refresh token lives past its session.',
  )
  contradict(
    config.refreshReuseWindow >= config.refreshTokenTtl,
    'REFRESH_REUSE_WINDOW must be shorter than REFRESH_TOKEN_TTL: no token can be repeated after its end.',
  )
  contradict(
    config.port === 0 && !env.PUBLIC_URL,
    'PUBLIC_URL must be set when PORT is 0: nobody can know the port that will be free.',
  )
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}
