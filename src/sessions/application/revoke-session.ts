import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SessionId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { AccessClaims, SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/**
 * Ends one of the person's own sessions, the current one included.
 *
 * @throws Refusal not_found when the person has no such live session; another person's looks the same.
 */
export const revokeSession =
  ({ sessions, audit, transact, clock }: Deps) =>
  async ({ userId }: AccessClaims, target: SessionId | null, caller: Caller): Promise<void> => {
    if (target === null) throw new Refusal('not_found', { because: 'not the id of a session' })
    const now = clock()
    const revoked = await transact(async (transaction) => {
      const ended = await sessions.revoke(transaction, userId, { only: target }, now)
      for (const sessionId of ended) {
        await audit.record(transaction, { kind: 'session_revoked', at: now, userId, sessionId, caller })
      }
      return ended
    })
    if (revoked.length === 0) throw new Refusal('not_found')
  }
