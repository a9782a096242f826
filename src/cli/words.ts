import { InvalidArgumentError } from 'commander'
import { parseSessionId, parseUserId, type SessionId, type UserId } from '../kernel/ids.ts'

/** The words of a command line as values. What is wrong is said in words that follow the option's or argument's name. */

export function userId(text: string): UserId {
  const id = parseUserId(text)
  if (id === null) throw new InvalidArgumentError('The id of a user is a whole number, such as 7.')
  return id
}

export function sessionId(text: string): SessionId {
  const id = parseSessionId(text)
  if (id === null) throw new InvalidArgumentError('The id of a session is a UUID in lower case.')
  return id
}

/** As `X-Request-Id` and a problem's `request_id` have it; or a whole `traceparent`, of which it is the second part. */
export function requestId(text: string): string {
  const [, id] = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-[0-9a-f]{16}-[0-9a-f]{2})?$/.exec(text.toLowerCase()) ?? []
  if (id === undefined) throw new InvalidArgumentError('The id of a request has 32 hexadecimal digits.')
  return id
}

export const count =
  (most: number) =>
  (text: string): number => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`A whole number from 1 to ${most} is wanted.`)
  }

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** A moment: a day, a time in ISO 8601 with its zone, or a time ago, such as 90m, 12h or 30d. */
export function pointInTime(text: string, now = Date.now()): Date {
  const [, ago, unit = ''] = /^([0-9]{1,7})([smhd])$/.exec(text) ?? []
  if (ago !== undefined) return new Date(now - Number(ago) * (units[unit] ?? 0) * 1000)
  const isPlain = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  const at = new Date(text)
  if (isPlain && !Number.isNaN(at.getTime())) return at
  throw new InvalidArgumentError(
    'A day such as 2026-11-24, a time such as 2026-11-24T12:00:00Z, or one ago such as 12h.',
  )
}
