import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { parseEmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Proven, TokenPair } from '../../sessions/index.ts'
import type { LoginAttempt, LoginGuard } from '../../throttle/index.ts'
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
  /** Told where an open session still counts as a failure: the login goes on, and the next one ends that. */
  readonly onUnsettled: (error: unknown) => void
}

/**
 * Opens a session for who knows the password. Whatever is wrong, the answer is the same and takes a hash's time: also
 * where so many attempts have failed that no password is tried any more.
 *
 * @throws Refusal invalid_credentials; too_many_requests, for unknown accounts like for known ones.
 */
export const logIn =
  ({ accounts, hasher, loginGuard, isLockedOut, openSession, audit, clock, onRenewalFailed, onUnsettled }: Deps) =>
  async (input: { email: string; password: Secret }, caller: Caller): Promise<TokenPair> => {
    const email = parseEmailAddress(input.email)
    const whose = async () => (email === null ? null : ((await accounts.find({ email }))?.id ?? null))
    const attempt = await loginGuard.enter(email ?? input.email, caller, whose)
    const from = whenceOf(attempt)
    // Of the account's own failures none is given back where nobody knows whether it was counted.
    const credentials =
      email === null ? null : await accounts.beginAttempt({ email }, from).catch((error) => giveBack(error, false))
    const lockedOut = credentials !== null && isLockedOut(credentials.failures, from)
    const { matches, outdated } = await hasher
      .verify(input.password, lockedOut ? null : (credentials?.passwordHash ?? null), caller.gone)
      .catch(giveBack)
    if (credentials === null || !matches) return refuse(credentials, reasonOf(credentials, lockedOut))

    if (outdated) await renew(credentials, input.password).catch(onRenewalFailed)
    const pair = await open(credentials).catch(giveBack)
    if (pair === null) return refuse(credentials, 'the account changed meanwhile')
    // Not before the session is open: what was proven before a change ends no failures and makes no place known.
    await settle(credentials).catch(onUnsettled)
    return pair

    async function open({ user, epoch }: Credentials): Promise<TokenPair | null> {
      // The renewal may have waited as well, and its failure stops no login.
      caller.gone?.throwIfAborted()
      return openSession({ userId: user.id, epoch }, caller)
    }

    async function settle({ user }: Credentials): Promise<void> {
      await accounts.clearFailures(user.id)
      await attempt.succeeded()
    }

    /** The password was not found wrong. Whatever becomes of what is given back, the reason why is the answer. */
    async function giveBack(error: unknown, isCounted = true): Promise<never> {
      const counted = isCounted && email !== null && from !== null
      await Promise.allSettled([attempt.withdrawn(), counted && accounts.withdrawAttempt({ email }, from)])
      throw error
    }

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

const whenceOf = ({ isKnownPlace }: LoginAttempt): Whence | null =>
  isKnownPlace === null ? null : isKnownPlace ? 'known' : 'elsewhere'

/** Why a login failed: for the log and the audit log alone. */
function reasonOf(credentials: Credentials | null, lockedOut: boolean): string {
  if (credentials === null) return 'unknown e-mail'
  // The first: unlocking it, or another password, would open it no more than before.
  if (credentials.isDisabled) return 'disabled'
  if (lockedOut) return 'locked out'
  return credentials.passwordHash === null ? 'no password opens it' : 'wrong password'
}
