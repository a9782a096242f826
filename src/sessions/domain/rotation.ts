import type { Generation, Session } from './session.ts'

/** How a refresh token that was used just before is answered. */
export interface ReusePolicy {
  /** For how many seconds after its refresh the token counts as raced or repeated rather than stolen. */
  readonly window: number
  readonly onReuse: 'refuse' | 'repeat'
}

export type Verdict =
  /** Two tabs raced, or the answer got lost: the successor that exists is given out again. */
  | { readonly kind: 'repeat'; readonly session: Session }
  | { readonly kind: 'refuse'; readonly because: 'refresh_token_reused' | 'token_expired' | 'invalid_token' }
  /** Somebody holds a stolen token, and nobody can tell who: the session ends for both. */
  | { readonly kind: 'revoke' }

/**
 * What becomes of a genuine, unexpired refresh token that did not advance its session (RFC 9700, section 4.14.2).
 *
 * The window counts from the predecessor's first use, `lastUsedAt`, and never slides, since no refusal writes it.
 */
export function judge(session: Session | null, presented: Generation, now: Date, policy: ReusePolicy): Verdict {
  if (session === null || session.revokedAt !== null) return { kind: 'refuse', because: 'invalid_token' }
  // The database is older than the token, restored from a backup perhaps: the token belongs to a past that is gone.
  if (presented > session.generation) return { kind: 'refuse', because: 'invalid_token' }
  // The newest token advances a session unless the session has ended.
  if (presented === session.generation) return { kind: 'refuse', because: 'token_expired' }
  const age = now.getTime() - session.lastUsedAt.getTime()
  if (presented === session.generation - 1 && age < policy.window * 1000) {
    return policy.onReuse === 'repeat'
      ? { kind: 'repeat', session }
      : { kind: 'refuse', because: 'refresh_token_reused' }
  }
  return { kind: 'revoke' }
}
