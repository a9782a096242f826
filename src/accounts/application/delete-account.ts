import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { RevokeSessions } from '../../sessions/index.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import type { AccountRecords } from './ports.ts'

interface Deps {
  readonly records: Pick<AccountRecords, 'find' | 'lock' | 'remove'>
  readonly revokeSessions: RevokeSessions
  readonly loginGuard: Pick<LoginGuard, 'forget'>
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
}

/**
 * Deletes an account for good: its sessions end with it, its id is never given again, and its address is free. What
 * happened stays in the audit log, whose personal data can be erased afterwards too.
 *
 * @throws Refusal not_found.
 */
export const deleteAccount =
  ({ records, revokeSessions, loginGuard, audit, transact, clock }: Deps) =>
  async (userId: UserId, operator: Caller): Promise<void> => {
    const record = await records.find({ id: userId })
    if (record === null) throw new Refusal('not_found', { because: 'no account has this id' })
    const deleted = await transact(async (transaction) => {
      const now = clock()
      // First the user's row, whose lock a login takes too: what it opens is either seen below or not opened.
      if (!(await records.lock(transaction, userId))) return false
      await revokeSessions(transaction, { userId, but: null, now, caller: operator, byOperator: true })
      await records.remove(transaction, userId)
      await audit.record(transaction, { kind: 'user_deleted', at: now, userId, sessionId: null, caller: operator })
      return true
    })
    if (!deleted) throw new Refusal('not_found', { because: 'the account was deleted meanwhile' })
    // Whoever registers the address next starts without places that are known.
    await loginGuard.forget(record.email)
  }
