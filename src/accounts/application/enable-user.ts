import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { AccountStore } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/** Opens a disabled account again; its old sessions stay ended. Answers whether it was disabled. */
export const enableUser =
  ({ accounts, audit, transact, clock }: Deps) =>
  (userId: UserId, operator: Caller | null = null): Promise<boolean> =>
    transact(async (transaction) => {
      if (!(await accounts.setDisabled(transaction, userId, null))) return false
      const event = { kind: 'user_enabled', at: clock(), userId, sessionId: null, caller: operator } as const
      await audit.record(transaction, event)
      return true
    })
