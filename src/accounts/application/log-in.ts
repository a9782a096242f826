import type { Caller } from '../../kernel/caller.ts'
import { parseEmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Proven, TokenPair } from '../../sessions/index.ts'
import type { AccountStore, Credentials, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly openSession: (who: Proven, caller: Caller) => Promise<TokenPair | null>
  /** Told of a hash that could not be renewed: the login goes on, and the next one tries again. */
  readonly onRenewalFailed: (error: unknown) => void
}

/**
 * Opens a session for who knows the password. Whatever is wrong, the answer is the same and takes a hash's time.
 *
 * @throws Refusal invalid_credentials.
 */
export const logIn =
  ({ accounts, hasher, openSession, onRenewalFailed }: Deps) =>
  async (input: { email: string; password: Secret }, caller: Caller): Promise<TokenPair> => {
    const email = parseEmailAddress(input.email)
    const credentials = email === null ? null : await accounts.findCredentials({ email })
    const { matches, outdated } = await hasher.verify(input.password, credentials?.passwordHash ?? null)
    if (credentials === null || !matches) {
      throw new Refusal('invalid_credentials', { because: credentials === null ? 'unknown e-mail' : 'wrong password' })
    }
    if (outdated) await renew(credentials, input.password).catch(onRenewalFailed)
    const pair = await openSession({ userId: credentials.user.id, epoch: credentials.epoch }, caller)
    if (pair === null) throw new Refusal('invalid_credentials', { because: 'the account changed meanwhile' })
    return pair

    async function renew({ user, passwordHash }: Credentials, password: Secret): Promise<void> {
      if (passwordHash !== null) await accounts.renewHash(user.id, passwordHash, await hasher.hash(password))
    }
  }
