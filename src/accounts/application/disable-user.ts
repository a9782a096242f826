import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { RevokeSessions } from '../../sessions/index.ts'
import type { AccountStore } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly revokeSessions: RevokeSessions
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/** Shuts an account and ends its sessions; its logins look like wrong passwords. Answers whether it was open. */
export const disableUser =
  ({ accounts, revokeSessions, audit, transact, clock }: Deps) =>
  (userId: UserId, operator: Caller | null = null): Promise<boolean> =>
    transact(async (transaction) => {
      const now = clock()
      // First the user's row, whose lock a login takes too: what it opens is either seen below or not opened.
      if (!(await accounts.setDisabled(transaction, userId, now))) return false
      await revokeSessions(transaction, { userId, but: null, now, caller: operator, byOperator: true })
      await audit.record(transaction, { kind: 'user_disabled', at: now, userId, sessionId: null, caller: operator })
      return true
    })
