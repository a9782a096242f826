import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { parseEmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Proven, TokenPair } from '../../sessions/index.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import type { IsLockedOut, Whence } from '../domain/lockout.ts'
import { acceptedBefore } from '../domain/password-policy.ts'
import type { AccountStore, Credentials, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly loginGuard: Pick<LoginGuard, 'enter'>
  readonly isLockedOut: IsLockedOut
  readonly openSession: (who: Proven, caller: Caller) => Promise<TokenPair | null>
  readonly audit: Audit
  readonly clock: Clock
  /** Told of a hash that could not be renewed: the login goes on, and the next one tries again. */
  readonly onRenewalFailed: (error: unknown) => void
}

/**
 * Opens a session for who knows the password. Whatever is wrong, the answer is the same and takes a hash's time: also
 * where so many attempts have failed that no password is tried any more.
 *
 * @throws Refusal invalid_credentials; too_many_requests, for unknown accounts like for known ones.
 */
export const logIn =
  ({ accounts, hasher, loginGuard, isLockedOut, openSession, audit, clock, onRenewalFailed }: Deps) =>
  async (input: { email: string; password: Secret }, caller: Caller): Promise<TokenPair> => {
    const email = parseEmailAddress(input.email)
    const attempt = await loginGuard.enter(email ?? input.email, caller)
    const from: Whence = attempt.isKnownPlace ? 'known' : 'elsewhere'
    const credentials = email === null ? null : await accounts.beginAttempt({ email }, from)
    const lockedOut = credentials !== null && isLockedOut(credentials.failures, from)
    const { matches, outdated } = await hasher
      .verify(input.password, lockedOut ? null : (credentials?.passwordHash ?? null), caller.gone)
      .catch(async (error) => {
        // Whatever becomes of these, the reason why nothing was tried is the answer.
        await Promise.allSettled([attempt.withdrawn(), email !== null && accounts.withdrawAttempt({ email }, from)])
        throw error
      })
    if (credentials === null || !matches) return refuse(credentials, reasonOf(credentials, lockedOut))

    await accounts.clearFailures(credentials.user.id)
    await attempt.succeeded()
    if (outdated) await renew(credentials, input.password).catch(onRenewalFailed)
    // The renewal may have waited as well, and its failure stops no login.
    caller.gone?.throwIfAborted()
    const pair = await openSession({ userId: credentials.user.id, epoch: credentials.epoch }, caller)
    return pair ?? refuse(credentials, 'the account changed meanwhile')

    async function refuse(account: Credentials | null, because: string): Promise<never> {
      const event = { at: clock(), userId: account?.user.id ?? null, sessionId: null, caller, subject: because }
      await audit.note({ kind: 'login_failed', ...event })
      throw new Refusal('invalid_credentials', { because })
    }

    async function renew({ user, passwordHash }: Credentials, password: Secret): Promise<void> {
      if (passwordHash === null) return
      await accounts.renewHash(user.id, passwordHash, await hasher.hash(acceptedBefore(password), caller.gone))
    }
  }

/** Why a login failed: for the log and the audit log alone. */
function reasonOf(credentials: Credentials | null, lockedOut: boolean): string {
  if (credentials === null) return 'unknown e-mail'
  // The first: unlocking it, or another password, would open it no more than before.
  if (credentials.isDisabled) return 'disabled'
  if (lockedOut) return 'locked out'
  return credentials.passwordHash === null ? 'no password opens it' : 'wrong password'
}
