import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../config.ts'
import { type Environment, readConfigFile } from '../../config-file.ts'
import { urlOfEachHost } from '../../kernel/database-url.ts'
import { isLoopback } from './configuration.ts'
import { type Finding, found, ok } from './finding.ts'

/** A key of this many bits withstands everybody who tries them all. */
const enoughBits = 128

/** The secrets: whether they could be guessed, and who else on this machine can read them. */
export async function lookAtSecrets(
  { secretKey, databaseUrl, dataDir, configFile }: Pick<Config, 'secretKey' | 'databaseUrl' | 'dataDir' | 'configFile'>,
  env: Environment,
): Promise<Finding[]> {
  const findings: Finding[] = []
  if (secretKey) findings.push(...judgeKey(secretKey.reveal()))
  if (databaseUrl) findings.push(...judgeDatabasePassword(databaseUrl.reveal()))
  const files = [
    ...(secretKey ? [] : [{ path: join(dataDir, 'secret.key'), mode: 0o600 }]),
    { path: dataDir, mode: 0o700 },
    // Others may read it only if there is nothing to hide in it.
    ...(configFile && holdsSecrets(env) ? [{ path: configFile, mode: 0o600 }] : []),
    ...(env.PGPASSFILE ? [{ path: env.PGPASSFILE, mode: 0o600 }] : []),
  ]
  for (const { path, mode } of files) {
    const there = await stat(path).catch(() => null)
    if (there) findings.push(...judgeMode(path, there.mode & 0o777, mode))
    else if (path.endsWith('secret.key')) findings.push(ok('secrets.file', `${path} is made at the first start.`))
  }
  return findings
}

const holdsSecrets = (env: Environment): boolean =>
  ['SECRET_KEY', 'SECRET_KEY_PREVIOUS', 'DATABASE_URL'].some((name) => Boolean(readConfigFile(env)[name]))

/** What is known of a text that is said to be random: its length and how many different characters it is made of. */
export function judgeKey(key: string): Finding[] {
  const bits = Math.floor(key.length * Math.log2(new Set(key).size))
  if (bits >= enoughBits) return [ok('secrets.secret-key', 'SECRET_KEY is long enough and looks random.')]
  return [
    found(
      'error',
      'secrets.secret-key',
      `SECRET_KEY holds ${bits} bits at most.`,
      'Whoever guesses it can log in as anybody.',
      'SECRET_KEY=what `openssl rand -base64 48` prints; see "To replace the secret key" in the README',
    ),
  ]
}

export function judgeDatabasePassword(url: string): Finding[] {
  const hosts = urlOfEachHost(url) ?? []
  const isWeak = ({ password }: URL) => password !== '' && password.length < 12
  if (!hosts.some((host) => isWeak(host) && !isLoopback(host.hostname))) return []
  return [
    found(
      'warning',
      'secrets.database-password',
      "The database's password has fewer than 12 characters.",
      'Whoever reaches the database and guesses it has all accounts.',
      '\\password latchkey in psql, with what `openssl rand -base64 24` prints',
    ),
  ]
}

/** @param mode the bits that are set; `wanted` those that may be. */
export function judgeMode(path: string, mode: number, wanted: number, platform = process.platform): Finding[] {
  // Windows has other rights, which these bits do not show.
  const surplus = platform === 'win32' ? 0 : mode & ~wanted
  const octal = (bits: number) => bits.toString(8).padStart(4, '0')
  if (surplus === 0) return [ok('secrets.file', `${path} is its owner's alone.`)]
  return [
    found(
      'error',
      'secrets.file',
      `${path} has mode ${octal(mode)}.`,
      'Other users of this machine can read it.',
      `chmod ${octal(wanted)} ${path}`,
    ),
  ]
}
