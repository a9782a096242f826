declare const brand: unique symbol

/** A user's id: a positive integer that is never used again, and the `sub` of tokens in its decimal form. */
export type UserId = number & { readonly [brand]: 'UserId' }

/** A session's id: a lower-case UUID, and the `sid` of tokens. */
export type SessionId = string & { readonly [brand]: 'SessionId' }

const decimal = /^[1-9][0-9]{0,15}$/
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Accepts the canonical form alone, so that one user has one `sub`: no sign, no leading zero, at most 2^53 - 1. */
export function parseUserId(text: unknown): UserId | null {
  if (typeof text !== 'string' || !decimal.test(text)) return null
  const id = Number(text)
  return Number.isSafeInteger(id) ? (id as UserId) : null
}

/** Accepts the canonical lower-case form alone (RFC 9562, section 4). */
export function parseSessionId(text: unknown): SessionId | null {
  return typeof text === 'string' && uuid.test(text) ? (text as SessionId) : null
}
