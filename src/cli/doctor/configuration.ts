import { type Config, ConfigError, parseConfig } from '../../config.ts'
import { variableOf, withConfigFile } from '../../config-file.ts'
import { parseTelemetry } from '../../config-telemetry.ts'
import { type Finding, found, ok } from './finding.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The configuration, or null where it is wrong, and what is to be said of it. */
export function lookAtConfiguration(env: Environment): { config: Config | null; findings: Finding[] } {
  try {
    const config = parseConfig(withConfigFile(env))
    const findings = [...misspelt(env), ...judgeTelemetry(env), ...judgeConfiguration(config)]
    return { config, findings: findings.length > 0 ? findings : [ok('configuration', 'The configuration is sound.')] }
  } catch (error) {
    const why = 'The service does not start, and what depends on the configuration was not checked.'
    return { config: null, findings: [...wrongIn(error, why), ...judgeTelemetry(env), ...misspelt(env)] }
  }
}

function wrongIn(error: unknown, why: string): Finding[] {
  if (!(error instanceof ConfigError)) throw error
  return error.problems.map((problem) => found('error', 'configuration', problem, why, `${problem.split(' ')[0]}=…`))
}

/** OpenTelemetry's own variables, as the start takes them. */
function judgeTelemetry(env: Environment): Finding[] {
  try {
    parseTelemetry(env)
    return []
  } catch (error) {
    return wrongIn(error, 'The service does not start.')
  }
}

/** What is allowed, and seldom meant. */
export function judgeConfiguration(config: Config): Finding[] {
  const findings: Finding[] = []
  const { protocol, hostname } = new URL(config.publicUrl)
  const isHere = isLoopback(hostname)
  if (protocol === 'http:' && !isHere) {
    findings.push(
      found(
        'error',
        'configuration.public-url',
        `PUBLIC_URL is ${config.publicUrl}, without TLS.`,
        'Passwords and tokens cross the network for everybody to read.',
        `PUBLIC_URL=https://${hostname}, with a proxy that ends TLS there`,
      ),
    )
  }
  if (!isHere && config.trustedProxies.length === 0) {
    findings.push(
      found(
        'warning',
        'configuration.trusted-proxies',
        'PUBLIC_URL is not this machine, and TRUSTED_PROXIES is empty.',
        'Behind a proxy that nobody trusts all clients count as one: they share one quota, and lock each other out.',
        'TRUSTED_PROXIES=the addresses that the proxy calls from',
      ),
    )
  }
  if (!config.rateLimit) {
    findings.push(
      found(
        'error',
        'configuration.rate-limit',
        'RATE_LIMIT is off, and lock-out with it.',
        'Passwords can be guessed as fast as they can be hashed.',
        'RATE_LIMIT=on',
      ),
    )
  }
  for (const origin of config.corsOrigins.filter(
    (one) => one.startsWith('http:') && !isLoopback(new URL(one).hostname),
  ))
    findings.push(
      found(
        'warning',
        'configuration.cors-origins',
        `CORS_ORIGINS allows ${origin}, without TLS.`,
        'Whoever is on the way can put a script of their own into its pages.',
        `CORS_ORIGINS=${origin.replace('http:', 'https:')}`,
      ),
    )
  if (config.secretKeyPrevious !== null) {
    findings.push(
      found(
        'note',
        'configuration.secret-key-previous',
        'SECRET_KEY_PREVIOUS is set.',
        'While it is, what the old key made is valid: also in the hands of who has it from a leak.',
        'take SECRET_KEY_PREVIOUS away two hours after the change, or after REFRESH_TOKEN_TTL if that is longer',
      ),
    )
  }
  if (['warn', 'error', 'fatal', 'silent'].includes(config.logLevel)) {
    findings.push(
      found(
        'note',
        'configuration.log-level',
        `LOG_LEVEL is ${config.logLevel}.`,
        'The log then holds no copies of the signed checkpoints, which show when the end of the audit log was cut off.',
        'LOG_LEVEL=info',
      ),
    )
  }
  return findings
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127\./.test(host) || host === '[::1]' || host === '::1'

/** Variables that nobody reads and that look like one that somebody does. */
function misspelt(env: Environment): Finding[] {
  const known = Object.keys(parseConfig({})).map(variableOf)
  return Object.keys(env)
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((one) => one.length > 5 && distance(name.toUpperCase(), one) <= 2)
      if (meant === undefined) return []
      const why = 'Nobody reads it, so the default is in force.'
      return [found('warning', 'configuration.misspelt', `${name} is set; ${meant} exists.`, why, `${meant}=…`)]
    })
}

/** How many letters have to be put in, taken out or replaced (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
