import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { RevokeSessions } from '../../sessions/index.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import type { IsLockedOut } from '../domain/lockout.ts'
import type { AcceptPassword } from './accept-password.ts'
import type { AccountStore, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly revokeSessions: RevokeSessions
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly acceptPassword: AcceptPassword
  readonly loginGuard: Pick<LoginGuard, 'passwordSet'>
  readonly isLockedOut: IsLockedOut
  /** Whether an attempt that fails counts; asked anew each time. */
  readonly countsFailures: () => boolean
}

/**
 * Sets a new password for who knows the old one, and ends all other sessions in the same transaction: whoever else
 * knew the old one is out (OWASP ASVS 5.0, 7.4.3).
 *
 * @throws Refusal invalid_credentials when the old password is wrong; validation_failed for the new one.
 */
export const changePassword =
  ({ accounts, hasher, revokeSessions, audit, transact, clock, acceptPassword, loginGuard, ...rules }: Deps) =>
  async (
    { userId, sessionId }: { userId: UserId; sessionId: SessionId },
    { current, wanted }: { current: Secret; wanted: Secret },
    caller: Caller,
  ): Promise<void> => {
    const from = rules.countsFailures() ? 'known' : null
    const credentials = await accounts.beginAttempt({ id: userId }, from)
    const lockedOut = credentials !== null && rules.isLockedOut(credentials.failures, from)
    const stored = lockedOut ? null : (credentials?.passwordHash ?? null)
    const { matches } = await hasher.verify(current, stored, caller.gone).catch(async (error) => {
      if (from) await accounts.withdrawAttempt({ id: userId }, from).catch(() => undefined)
      throw error
    })
    if (credentials === null || !matches) return refuse(lockedOut ? 'locked out' : 'the old password is wrong')
    await accounts.clearFailures(userId)
    const accepted = await acceptPassword(wanted, credentials.user.email, 'new_password')
    const to = await hasher.hash(accepted, caller.gone)
    const now = clock()
    const changed = await transact(async (transaction) => {
      if (!(await accounts.replaceHash(transaction, userId, credentials.epoch, to))) return false
      await revokeSessions(transaction, { userId, but: sessionId, now, caller })
      await audit.record(transaction, { kind: 'password_changed', at: now, userId, sessionId, caller })
      return true
    })
    if (!changed) return refuse('the password was changed meanwhile')
    // Whoever knew the old password loses their known places with it.
    await loginGuard.passwordSet(credentials.user.email, caller)

    async function refuse(because: string): Promise<never> {
      await audit.note({ kind: 'password_refused', at: clock(), userId, sessionId, caller, subject: because })
      throw new Refusal('invalid_credentials', { because })
    }
  }
