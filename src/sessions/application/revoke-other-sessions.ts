import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { AccessClaims } from './ports.ts'
import type { RevokeSessions } from './revoke-all-sessions.ts'

interface Deps {
  readonly revokeAll: RevokeSessions
  readonly transact: Transact
  readonly clock: Clock
}

/** Ends all of the person's sessions but the one that asks. */
export const revokeOtherSessions =
  ({ revokeAll, transact, clock }: Deps) =>
  ({ userId, sessionId }: AccessClaims, caller: Caller): Promise<void> =>
    transact((transaction) => revokeAll(transaction, { userId, but: sessionId, now: clock(), caller }))
