import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { parseEmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { LoginGuard } from '../../throttle/index.ts'
import { notAnAddress, type User } from '../domain/user.ts'
import type { AcceptPassword } from './accept-password.ts'
import type { AccountStore, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly acceptPassword: AcceptPassword
  readonly loginGuard: Pick<LoginGuard, 'passwordSet'>
}

/**
 * Makes an account. The password is hashed before the transaction opens, and of any number of callers with one address
 * the unique constraint lets one through.
 *
 * @throws Refusal validation_failed or email_taken.
 */
export const register =
  ({ accounts, hasher, audit, transact, clock, acceptPassword, loginGuard }: Deps) =>
  async (input: { email: string; password: Secret }, caller: Caller): Promise<User> => {
    const email = parseEmailAddress(input.email)
    if (email === null) throw new Refusal('validation_failed', { errors: [notAnAddress] })
    const password = await acceptPassword(input.password, email, 'password')

    const passwordHash = await hasher.hash(password, caller.gone)
    const now = clock()
    const user = await transact(async (transaction) => {
      const inserted = await accounts.insert(transaction, { email, passwordHash, createdAt: now })
      if (inserted) {
        const event = { kind: 'registered', at: now, userId: inserted.id, sessionId: null, caller } as const
        await audit.record(transaction, event)
      }
      return inserted
    })
    if (user) {
      await loginGuard.passwordSet(email, caller)
      return user
    }
    await audit.note({ kind: 'registration_refused', at: now, userId: null, sessionId: null, caller })
    throw new Refusal('email_taken')
  }
