import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import type { AccountStore } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly loginGuard: Pick<LoginGuard, 'unlock'>
  readonly audit: Audit
  readonly clock: Clock
}

/**
 * Ends the row of failed logins of an account and gives the quota for unknown places back, so that its password is tried
 * again from everywhere. Answers whether there was any of either.
 */
export const unlockUser =
  ({ accounts, loginGuard, audit, clock }: Deps) =>
  async (userId: UserId, operator: Caller | null = null): Promise<boolean> => {
    const user = await accounts.find({ id: userId })
    if (user === null) return false
    const wasUsed = await loginGuard.unlock(user.email)
    const hadFailed = await accounts.clearFailures(userId)
    if (!wasUsed && !hadFailed) return false
    await audit.note({ kind: 'user_unlocked', at: clock(), userId, sessionId: null, caller: operator })
    return true
  }
