import { isIP } from 'node:net'
import { urlOfEachHost } from './kernel/database-url.ts'
import { Secret } from './kernel/secret.ts'

/** A reader turns a variable's text into its value, or answers what it may be, in words that follow "must be". */
export type Reader<T> = (text: string) => { value: T } | { mustBe: string }

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }
const longest = 3650 * 86_400

export const duration =
  (min: number, max = longest): Reader<number> =>
  (text) => {
    const [, count, unit] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? []
    const seconds = Number(count) * (units[unit ?? ''] ?? Number.NaN)
    if (seconds >= min && seconds <= max) return { value: seconds }
    return {
      mustBe: `a duration such as 90s, 15m, 12h or 30d, from ${min}s to ${max < 86_400 ? `${max}s` : `${max / 86_400}d`}`,
    }
  }

export const listeningHost: Reader<string> = (text) =>
  /^[A-Za-z0-9.:_-]{1,255}$/.test(text) ? { value: text } : { mustBe: 'a host name or an address to listen on' }

export const integer =
  (min: number, max: number): Reader<number> =>
  (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? { value } : { mustBe: `a whole number from ${min} to ${max}` }
  }

/** @param all what `auto` stands for. */
export const workers =
  (all: number): Reader<number> =>
  (text) => {
    if (text === 'auto') return { value: Math.min(all, mostWorkers) }
    const result = integer(1, mostWorkers)(text)
    return 'value' in result ? result : { mustBe: `auto, or ${result.mustBe}` }
  }

const mostWorkers = 64

export const oneOf =
  <const T extends string>(...allowed: readonly T[]): Reader<T> =>
  (text) => {
    const value = allowed.find((word) => word === text)
    return value === undefined ? { mustBe: `one of: ${allowed.join(', ')}` } : { value }
  }

export const list =
  (accepts: (item: string) => boolean, mustBe: string): Reader<readonly string[]> =>
  (text) => {
    const value = text.split(',').map((item) => item.trim())
    return value.every(accepts) ? { value: Object.freeze(value) } : { mustBe }
  }

export function publicUrl(text: string): ReturnType<Reader<string>> {
  const url = URL.parse(text)
  const plain = url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.username && !url.password
  // One spelling only: `iss` is compared byte by byte (RFC 8414, section 3.3; RFC 9068, section 4).
  if (plain && !url.search && !url.hash && (text === url.origin || (text === url.href && !text.endsWith('/')))) {
    return { value: text }
  }
  return {
    mustBe: 'an http or https URL in its plain form, such as https://auth.example.com, with no slash at its end',
  }
}

export function databaseUrl(text: string): ReturnType<Reader<Secret>> {
  const urls = urlOfEachHost(text)
  const [first] = urls ?? []
  if (!urls || (first?.protocol !== 'postgres:' && first?.protocol !== 'postgresql:')) {
    return { mustBe: 'a URL such as postgres://user:password@host:5432/database (its text is not shown here)' }
  }
  const all = (name: string) => first.searchParams.getAll(name)
  if (all('sslmode').some((mode) => !sslModes.includes(mode))) {
    return { mustBe: `a URL whose sslmode is one of: ${sslModes.join(', ')}` }
  }
  const asked = all('target_session_attrs')
  if (asked.length > 1 || asked.some((one) => one !== 'any' && !takesWrites.includes(one))) {
    return { mustBe: `a URL whose target_session_attrs is one of: any, ${takesWrites.join(', ')}: the service writes` }
  }
  if (all('load_balance_hosts').some((how) => how !== 'disable')) {
    return { mustBe: 'a URL without load_balance_hosts: its hosts are tried in their order' }
  }
  const elsewhere = ['host', 'hostaddr', 'port'].flatMap(all)
  if (elsewhere.some((value) => urls.length > 1 || value.includes(','))) {
    return { mustBe: 'a URL that has several hosts in one place, such as postgres://user@a:5432,b:5432/database' }
  }
  if (urls.length > 1 && !takesWrites.includes(asked[0] ?? '')) {
    return {
      mustBe: 'a URL that says target_session_attrs=read-write, since it has several hosts: a standby takes no writes',
    }
  }
  return { value: new Secret(text) }
}

const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full']

/** Of what libpq can ask of a server, all that fits a service that writes. */
const takesWrites = ['read-write', 'primary']

// What templates and tutorials are full of. Of a million random keys of 64 characters less than one holds any of it.
const wellKnownWords =
  /secret|password|passphrase|change[-_ ]?(me|it|this)|insecure|example|placeholder|default|(^|[-_ ])(your|replace)[-_ ]|123456789|abcdefgh|qwerty/i

/** Random once, and since then in FastAPI's tutorial and in all that was copied from it. */
const wellKnownKeys = new Set(['09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7'])

function isWellKnown(key: string): boolean {
  if (wellKnownKeys.has(key) || wellKnownWords.test(key) || new Set(key).size < 8) return true
  for (let period = 1; period <= key.length / 2; period++) if (key.startsWith(key.slice(period))) return true
  return false
}

export function secretKey(text: string): ReturnType<Reader<Secret>> {
  if (Buffer.byteLength(text) < 32)
    return { mustBe: 'at least 32 bytes long, such as `openssl rand -base64 48` prints' }
  if (isWellKnown(text)) {
    return { mustBe: 'random: this one is well known or repeats itself; take what `openssl rand -base64 48` prints' }
  }
  return { value: new Secret(text) }
}

export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  // A wildcard parses as a host, one that no page has.
  return url !== null && !text.includes('*') && /^https?:$/.test(url.protocol) && url.origin === text
}

export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  // An address with a zone is one on this machine's own links, and no network.
  if (family === 0 || address.includes('%') || rest.length > 0) return false
  if (prefix === undefined) return true
  // Of IPv4 inside IPv6 the first 96 bits say no more than that. Everybody is no network: all could claim any address.
  const least =
    family === 6 && /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/.test(new URL(`http://[${address}]`).hostname) ? 97 : 1
  return /^[0-9]{1,3}$/.test(prefix) && Number(prefix) >= least && Number(prefix) <= (family === 4 ? 32 : 128)
}
