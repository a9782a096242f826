import { availableParallelism } from 'node:os'
import {
  databaseUrl,
  duration,
  integer,
  isNetwork,
  isOrigin,
  list,
  listeningHost,
  oneOf,
  publicUrl,
  type Reader,
  secretKey,
  workers,
} from './config-readers.ts'
import type { Secret } from './kernel/secret.ts'
import type { Algorithm } from './keys/index.ts'

/** The whole configuration, parsed once and frozen. Durations are whole seconds. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly publicUrl: string
  readonly databaseUrl: Secret | null
  readonly dataDir: string
  readonly secretKey: Secret | null
  readonly secretKeyPrevious: Secret | null
  readonly tokenAlgorithm: Algorithm
  readonly keyRotationInterval: number
  readonly jwksMaxAge: number
  readonly maxSessionsPerUser: number
  readonly accessTokenTtl: number
  readonly refreshTokenTtl: number
  readonly sessionMaxAge: number
  readonly refreshReuseWindow: number
  readonly refreshReusePolicy: 'refuse' | 'repeat'
  readonly bcryptCost: number
  readonly hashDeadline: number
  readonly passwordBreachCheck: 'off' | 'hibp'
  readonly rateLimit: boolean
  readonly auditRetention: number
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly logLevel: (typeof logLevels)[number]
  readonly shutdownDelay: number
  /** How many processes serve. */
  readonly workers: number
  readonly adminHost: string
  /** Where metrics are served; null for nowhere. */
  readonly adminPort: number | null
  /** The file that variables may stand in, beside the environment. */
  readonly configFile: string | null
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

/**
 * Reads the environment once and checks all of it before anything starts.
 *
 * @throws ConfigError with a sentence for every variable that is wrong, not for the first alone.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const wrong: string[] = []

  function read<T, D>(name: string, fallback: D, reader: Reader<T>): T | D {
    const text = env[name]
    // Compose files and shells hand on unset variables as empty ones, so empty means absent.
    if (text === undefined || text === '') return fallback
    const result = reader(text)
    if ('value' in result) return result.value
    problems.push(`${name} must be ${result.mustBe}.`)
    wrong.push(name)
    return fallback
  }

  const host = read('HOST', '127.0.0.1', listeningHost)
  const port = read('PORT', 1602, integer(0, 65_535))
  const config: Config = {
    host,
    port,
    publicUrl: read('PUBLIC_URL', `http://localhost:${port}`, publicUrl),
    databaseUrl: read('DATABASE_URL', null, databaseUrl),
    dataDir: env.DATA_DIR || './data',
    secretKey: read('SECRET_KEY', null, secretKey),
    secretKeyPrevious: read('SECRET_KEY_PREVIOUS', null, secretKey),
    tokenAlgorithm: read('TOKEN_ALGORITHM', 'ES256', oneOf('ES256', 'EdDSA', 'PS256', 'RS256')),
    keyRotationInterval: read('KEY_ROTATION_INTERVAL', 30 * 86_400, duration(1)),
    jwksMaxAge: read('JWKS_MAX_AGE', 600, duration(1)),
    maxSessionsPerUser: read('MAX_SESSIONS_PER_USER', 100, integer(1, 10_000)),
    accessTokenTtl: read('ACCESS_TOKEN_TTL', 60, duration(1)),
    refreshTokenTtl: read('REFRESH_TOKEN_TTL', 300, duration(1)),
    sessionMaxAge: read('SESSION_MAX_AGE', 30 * 86_400, duration(1)),
    refreshReuseWindow: read('REFRESH_REUSE_WINDOW', 10, duration(0)),
    refreshReusePolicy: read('REFRESH_REUSE_POLICY', 'refuse', oneOf('refuse', 'repeat')),
    bcryptCost: read('BCRYPT_COST', 12, integer(10, 15)),
    hashDeadline: read('HASH_DEADLINE', 5, duration(1, 60)),
    passwordBreachCheck: read('PASSWORD_BREACH_CHECK', 'off', oneOf('off', 'hibp')),
    rateLimit: read('RATE_LIMIT', 'on', oneOf('on', 'off')) === 'on',
    auditRetention: read('AUDIT_RETENTION', 400 * 86_400, duration(86_400)),
    corsOrigins: read(
      'CORS_ORIGINS',
      [],
      list(isOrigin, 'exact origins with commas between them, such as https://app.example.com'),
    ),
    trustedProxies: read(
      'TRUSTED_PROXIES',
      [],
      list(
        isNetwork,
        'addresses or CIDRs with commas between them, such as 10.0.0.0/8 (not /0: everybody could then claim any address)',
      ),
    ),
    logLevel: read('LOG_LEVEL', 'info', oneOf(...logLevels)),
    shutdownDelay: read('SHUTDOWN_DELAY', 0, duration(0, 300)),
    workers: read('WORKERS', 1, workers(env.DATABASE_URL ? availableParallelism() : 1)),
    adminHost: read('ADMIN_HOST', '127.0.0.1', listeningHost),
    adminPort: read('ADMIN_PORT', null, integer(0, 65_535)),
    configFile: env.CONFIG_FILE || null,
  }

  const contradict = (when: boolean, sentence: string) => {
    // The default that stands in for a wrong value contradicts nothing.
    if (when && !wrong.some((name) => sentence.includes(name))) problems.push(sentence)
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
    config.keyRotationInterval < config.jwksMaxAge + 20,
    'KEY_ROTATION_INTERVAL must be longer than JWKS_MAX_AGE by 20s at least: a key is published before it signs.',
  )
  contradict(
    config.secretKey !== null && config.secretKey.reveal() === config.secretKeyPrevious?.reveal(),
    'SECRET_KEY_PREVIOUS must be another key than SECRET_KEY.',
  )
  contradict(
    config.port === 0 && !env.PUBLIC_URL,
    'PUBLIC_URL must be set when PORT is 0: nobody can know the port that will be free.',
  )
  contradict(
    config.port !== 0 && config.port === config.adminPort,
    'ADMIN_PORT must be another port than PORT: what it serves is not for everybody.',
  )
  contradict(
    config.workers > 1 && config.databaseUrl === null,
    'WORKERS must be 1 without DATABASE_URL: the embedded database belongs to one process.',
  )
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}
