import type { Audit } from '../../audit/index.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { AccountStore } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly audit: Audit
  readonly clock: Clock
}

/** Ends the row of failed logins of an account, so that its password is tried again. Answers whether there was one. */
export const unlockUser =
  ({ accounts, audit, clock }: Deps) =>
  async (userId: UserId): Promise<boolean> => {
    if (!(await accounts.clearFailures(userId))) return false
    await audit.note({ kind: 'user_unlocked', at: clock(), userId, sessionId: null, caller: null })
    return true
  }
