import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { RevokeSessions } from '../../sessions/index.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import type { AcceptPassword } from './accept-password.ts'
import type { AccountRecords, AccountStore, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: Pick<AccountStore, 'replaceHash' | 'clearFailures'>
  readonly records: Pick<AccountRecords, 'find' | 'lock'>
  readonly hasher: Pick<PasswordHasher, 'hash'>
  readonly revokeSessions: RevokeSessions
  readonly loginGuard: Pick<LoginGuard, 'forget' | 'unlock'>
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly acceptPassword: AcceptPassword
}

/**
 * Sets a password in somebody's place, and ends all of their sessions in the same transaction: whoever knew the old one
 * is out. The failures of the old one count no more, and no place is known any more.
 *
 * @throws Refusal not_found; validation_failed.
 */
export const setPassword =
  ({ accounts, records, hasher, revokeSessions, loginGuard, audit, transact, clock, acceptPassword }: Deps) =>
  async (userId: UserId, password: Secret, operator: Caller): Promise<void> => {
    const record = await records.find({ id: userId })
    if (record === null) throw new Refusal('not_found', { because: 'no account has this id' })
    const to = await hasher.hash(await acceptPassword(password, record.email, 'password'))
    const now = clock()
    const done = await transact(async (transaction) => {
      const held = await records.lock(transaction, userId)
      if (held === null || !(await accounts.replaceHash(transaction, userId, held.epoch, to))) return false
      await revokeSessions(transaction, { userId, but: null, now, caller: operator, byOperator: true })
      await audit.record(transaction, { kind: 'password_set', at: now, userId, sessionId: null, caller: operator })
      return true
    })
    if (!done) throw new Refusal('not_found', { because: 'the account was deleted meanwhile' })
    await accounts.clearFailures(userId)
    await loginGuard.unlock(record.email)
    await loginGuard.forget(record.email)
  }
