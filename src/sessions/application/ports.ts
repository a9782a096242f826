import type { EmailAddress } from '../../kernel/email-address.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { Generation, Lifetime, Session } from '../domain/session.ts'

export interface SessionStore {
  /**
   * Inserts the session, unless its user is gone or is no longer in that epoch: then the answer is false. The user is
   * held until the transaction ends, so that logins of one user come one after the other.
   */
  insert(transaction: Transaction, session: Session, epoch: number): Promise<boolean>
  /** Whose the session is, as it is after all that was done before the call. */
  findOwnership(id: SessionId): Promise<Ownership | null>
  /** The user's sessions that are live at `now`, the last used first. */
  listLive(userId: UserId, now: Date): Promise<Session[]>
  /**
   * Moves the session from `generation` to the next in one conditional update, and answers it as it then is; null when
   * it is not live, or no longer of that generation. Of any number of callers exactly one is answered a session.
   */
  advance(id: SessionId, generation: Generation, now: Date, idleExpiresAt: Date): Promise<Session | null>
  /** The session, held against everybody else until the transaction ends. */
  lock(transaction: Transaction, id: SessionId): Promise<Session | null>
  /**
   * Revokes those of the user's sessions that `which` names, so that no refresh that began before comes through after
   * it; answers the ids of those that were live.
   */
  revoke(transaction: Transaction, userId: UserId, which: Which, now: Date): Promise<SessionId[]>
  /**
   * Deletes sessions that have been over since before `deadline`, in one stretch of the table that starts at `place`.
   * Answers where the next stretch starts; null at the table's end, or while another process does this work.
   */
  purge(transaction: Transaction, deadline: Date, place: number): Promise<{ purged: number; next: number | null }>
}

/** Whose a session is, and until when: no more than this, since every call with an access token asks for it. */
export interface Ownership extends Lifetime {
  readonly userId: UserId
  readonly email: EmailAddress
}

/** One session; or all but one, if there is one, and but the `spare` others that were used last. */
export type Which = { readonly only: SessionId } | { readonly allBut: SessionId | null; readonly spare?: number }

/**
 * What became of a refresh token: exchanged; answered with the successor that exists; refused as raced, within the window;
 * taken for stolen, which ends its session; past its end; of a session that is over; or not one of this service.
 */
export type RefreshOutcome = 'rotated' | 'repeated' | 'raced' | 'reused' | 'expired' | 'ended' | 'forged'

export type OnRefresh = (outcome: RefreshOutcome) => void

/** What a refresh token says. */
export interface RefreshClaims {
  readonly userId: UserId
  readonly sessionId: SessionId
  readonly generation: Generation
}

/** Who an access token speaks for, by its own words. */
export interface AccessClaims {
  readonly userId: UserId
  readonly sessionId: SessionId
}

/** The same, found to be so: the session is live. */
export interface Bearer extends AccessClaims {
  readonly email: EmailAddress
}

/** What a token turns out to be. The reason of an invalid one is for the log alone. */
export type Reading<T> = { readonly kind: 'live' | 'expired'; readonly claims: T } | { readonly kind: 'invalid' }

export interface RefreshTokens {
  /** The session's newest refresh token. The same session gives the same token, byte for byte. */
  write(session: Session): string
  read(token: string, now: Date): Reading<RefreshClaims>
}

export interface AccessTokens {
  /** A new access token and its life in seconds, which ends with the session at the latest. */
  write(session: Session, now: Date): { token: string; expiresIn: number }
  /** At once for a token that was read before. */
  read(token: string, now: Date): Reading<AccessClaims> | Promise<Reading<AccessClaims>>
}
