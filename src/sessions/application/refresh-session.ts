import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Transact } from '../../kernel/transact.ts'
import { judge, type ReusePolicy } from '../domain/rotation.ts'
import { idleEnd, type Session, type SessionLimits } from '../domain/session.ts'
import type { TokenPair } from './issue-tokens.ts'
import type { NoteRefusal } from './note-refusal.ts'
import type { OnRefresh, RefreshClaims, SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly issue: (session: Session, now: Date) => TokenPair
  readonly audit: Audit
  readonly noteRefusal: NoteRefusal
  readonly transact: Transact
  readonly clock: Clock
  readonly limits: SessionLimits
  readonly policy: ReusePolicy
  /** Told of what is decided here. */
  readonly onRefresh: OnRefresh
}

/**
 * Exchanges a refresh token for its successor: one conditional update, which exactly one caller wins. Who loses is
 * judged under the row's lock, and a revocation that follows is committed before it is reported.
 *
 * @throws Refusal refresh_token_reused, token_expired or invalid_token.
 */
export const refreshSession =
  ({ sessions, issue, audit, noteRefusal, transact, clock, limits, policy, onRefresh }: Deps) =>
  async (presented: RefreshClaims, caller: Caller): Promise<TokenPair> => {
    const now = clock()
    const { sessionId, generation, userId } = presented
    const advanced = await sessions.advance(sessionId, generation, now, idleEnd(now, limits))
    if (advanced) {
      onRefresh('rotated')
      return issue(advanced, now)
    }

    const verdict = await transact(async (transaction) => {
      const settled = judge(await sessions.lock(transaction, sessionId), generation, now, policy)
      if (settled.kind === 'revoke') {
        await sessions.revoke(transaction, userId, { only: sessionId }, now)
        await audit.record(transaction, { kind: 'refresh_token_reused', at: now, userId, sessionId, caller })
      }
      return settled
    })
    switch (verdict.kind) {
      case 'repeat':
        onRefresh('repeated')
        return issue(verdict.session, now)
      case 'refuse':
        onRefresh(outcomes[verdict.because])
        await noteRefusal(presented, verdict.because, caller)
        throw new Refusal(verdict.because)
      case 'revoke':
        onRefresh('reused')
        throw new Refusal('refresh_token_reused', { because: 'a past refresh token was used: session revoked' })
    }
  }

const outcomes = { refresh_token_reused: 'raced', token_expired: 'expired', invalid_token: 'ended' } as const
