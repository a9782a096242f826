import { join } from 'node:path'
import { parseConfig } from './config.ts'
import { type Environment, readConfigFile, variableOf, withConfigFile } from './config-file.ts'
import { parseTelemetry } from './config-telemetry.ts'
import { urlOfEachHost } from './kernel/database-url.ts'
import { Secret } from './kernel/secret.ts'

/** One variable: what is in force, as it would be written, and whence it comes. */
export interface Setting {
  readonly name: string
  /** Null where it has none. A secret is not shown. */
  readonly value: string | null
  readonly from: 'environment' | 'config file' | 'default' | 'file'
}

/**
 * What is in force, variable by variable.
 *
 * @throws ConfigError where something is wrong.
 */
export function reportConfig(env: Environment): Setting[] {
  const inFile = readConfigFile(env)
  const config = parseConfig(withConfigFile(env))
  // Not shown, for they are OpenTelemetry's and may hold passwords; a wrong one stops the start like any other.
  parseTelemetry(env)
  const whence = (name: string) => (env[name] ? 'environment' : inFile[name] ? 'config file' : 'default')
  return Object.entries(config).map(([field, value]) => {
    const name = variableOf(field)
    // Made there at the first start.
    if (field === 'secretKey' && value === null)
      return { name, value: join(config.dataDir, 'secret.key'), from: 'file' }
    return { name, value: shown(name, value), from: whence(name) }
  })
}

const isDuration = /_(TTL|AGE|WINDOW|INTERVAL|DEADLINE|RETENTION|DELAY)$/

/** A variable's value as it would be written; no secret. */
export function shown(name: string, value: unknown): string | null {
  if (value === null || (Array.isArray(value) && value.length === 0)) return null
  if (value instanceof Secret) return name === 'DATABASE_URL' ? withoutSecrets(value.reveal() as string) : '[secret]'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'number' && isDuration.test(name) ? durationOf(value) : String(value)
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

/** In the largest unit that leaves nothing over. */
function durationOf(seconds: number): string {
  const [unit, size] = units.find(([, size]) => seconds >= size && seconds % size === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}

/** Parameters that are known to hold none: a password may be one of the others. */
const harmless = new Set(['sslmode', 'sslrootcert', 'application_name', 'target_session_attrs'])

/** A database's URL without its password, and without parameters that may be one. It may name several hosts. */
function withoutSecrets(text: string): string {
  const [first, ...others] = urlOfEachHost(text) ?? []
  if (!first) return '[secret]'
  if (first.password !== '') first.password = 'SECRET'
  for (const name of [...first.searchParams.keys()]) if (!harmless.has(name)) first.searchParams.set(name, 'SECRET')
  // The host stands behind the last `@` that is not encoded, and nothing before it holds a slash that is none.
  const [, head = '', tail = ''] = /^([a-z]+:\/\/(?:[^/?#]*@)?)[^/?#]*(.*)$/i.exec(first.href) ?? []
  const hosts = [first, ...others].map(({ host }) => host).join(',')
  return `${head}${hosts}${tail}`.replaceAll('SECRET', '[secret]')
}
