import { type EmailAddress, parseEmailAddress } from '../../kernel/email-address.ts'
import { parseUserId, type UserId } from '../../kernel/ids.ts'

/** What a source says of one person, in its own words. What we have no place for is not here. */
export interface GivenUser {
  readonly id?: unknown
  readonly email?: unknown
  /** In the source's form, or null where the person has no password. */
  readonly passwordHash: string | null
  readonly createdAt?: unknown
  readonly disabled?: unknown
  /** The contrary, where a source says that. */
  readonly enabled?: unknown
  readonly disabledAt?: unknown
  /** An account that is shut until then, or for ever; what has no end here is for the operator to open again. */
  readonly disabledUntil?: unknown
}

/** A person as they are stored. */
export interface NewUser {
  readonly line: number
  /** Null where a new one is given. */
  readonly id: UserId | null
  readonly email: EmailAddress
  readonly passwordHash: string | null
  readonly createdAt: Date
  readonly disabledAt: Date | null
}

/** Why a line is not imported. Public: the report bears it. */
export type LineRefusal =
  | 'malformed_line'
  | 'invalid_email'
  | 'invalid_id'
  | 'invalid_time'
  | 'invalid_disabled'
  | 'unknown_hash'
  | 'malformed_hash'
  | 'hash_too_dear'
  | 'email_taken'
  | 'id_taken'
  | 'id_spent'

export interface RowRules {
  /** Whether the source's ids become ours; they must be such as ours. */
  readonly keepIds: boolean
  readonly now: Date
}

/** The row that a source's words make, its hash still unjudged; or why they make none. */
export function readUser(line: number, given: GivenUser, { keepIds, now }: RowRules): NewUser | LineRefusal {
  const email = typeof given.email === 'string' ? parseEmailAddress(given.email) : null
  if (email === null) return 'invalid_email'
  const id = keepIds ? parseUserId(String(given.id)) : null
  if (keepIds && (id === null || id > largestKeptId)) return 'invalid_id'
  const createdAt = isAbsent(given.createdAt) ? now : readTime(given.createdAt)
  const disabledSince = isAbsent(given.disabledAt) ? null : readTime(given.disabledAt)
  if (createdAt === 'invalid' || disabledSince === 'invalid') return 'invalid_time'
  const disabled = isDisabled(given, now)
  if (disabled === 'invalid') return 'invalid_disabled'
  const disabledAt = disabledSince ?? (disabled ? now : null)
  return { line, id, email, passwordHash: given.passwordHash, createdAt, disabledAt }
}

/** What has an end is over by then, and before it where the source says so. */
function isDisabled({ disabled, enabled, disabledUntil }: GivenUser, now: Date): boolean | 'invalid' {
  const [shut, open] = [readFlag(disabled), readFlag(enabled)]
  if (shut === 'invalid' || open === 'invalid') return 'invalid'
  if (open === false) return true
  return isAbsent(disabledUntil) ? shut === true : shut !== false && isAhead(disabledUntil, now)
}

/** A time that can't be read, such as `infinity`, never passes. */
function isAhead(value: unknown, now: Date): boolean {
  const time = readTime(value)
  return time === 'invalid' || time > now
}

/** Those who register afterwards get higher ids, which a number has to hold as well. */
const largestKeptId = 2 ** 52

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

const flags: Readonly<Record<string, boolean>> = { t: true, true: true, '1': true, f: false, false: false, '0': false }

/** As JSON, PostgreSQL, and spreadsheets write it; null where nothing is said. */
function readFlag(value: unknown): boolean | null | 'invalid' {
  if (isAbsent(value)) return null
  const text = String(value).toLowerCase()
  return Object.hasOwn(flags, text) ? (flags[text] ?? 'invalid') : 'invalid'
}

// 1970 and the year 9999: what lies outside is a number in another unit.
const [earliest, latest] = [0, 253_402_300_799_999]

/** A moment as ISO 8601, as PostgreSQL prints it, or in milliseconds since 1970. */
function readTime(value: unknown): Date | 'invalid' {
  const number =
    typeof value === 'number' || (typeof value === 'string' && /^\d{1,16}$/.test(value)) ? Number(value) : null
  const date = number === null ? parseMoment(value) : new Date(number)
  return date !== null && date.getTime() >= earliest && date.getTime() <= latest ? date : 'invalid'
}

const moment = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/

function parseMoment(value: unknown): Date | null {
  const [, day, time, zone = 'Z'] = typeof value === 'string' ? (moment.exec(value) ?? []) : []
  if (day === undefined) return null
  // PostgreSQL writes whole hours alone. A moment without a zone is one in UTC.
  const offset = zone === 'UTC' ? 'Z' : zone.length === 3 ? `${zone}:00` : zone.replace(/^(...)(\d\d)$/, '$1:$2')
  const date = new Date(`${day}T${time}${offset}`)
  return Number.isNaN(date.getTime()) ? null : date
}
