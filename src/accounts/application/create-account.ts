import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { parseEmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transact } from '../../kernel/transact.ts'
import { notAnAddress, type User } from '../domain/user.ts'
import type { AcceptPassword } from './accept-password.ts'
import type { AccountStore, PasswordHasher } from './ports.ts'

interface Deps {
  readonly accounts: Pick<AccountStore, 'insert'>
  readonly hasher: Pick<PasswordHasher, 'hash'>
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly acceptPassword: AcceptPassword
}

/**
 * Makes an account for somebody else. No place is known of its owner yet: their first login makes one so.
 *
 * @throws Refusal validation_failed or email_taken.
 */
export const createAccount =
  ({ accounts, hasher, audit, transact, clock, acceptPassword }: Deps) =>
  async (input: { email: string; password: Secret }, operator: Caller): Promise<User> => {
    const email = parseEmailAddress(input.email)
    if (email === null) throw new Refusal('validation_failed', { errors: [notAnAddress] })
    const passwordHash = await hasher.hash(await acceptPassword(input.password, email, 'password'))
    const now = clock()
    const user = await transact(async (transaction) => {
      const inserted = await accounts.insert(transaction, { email, passwordHash, createdAt: now })
      if (inserted) {
        const event = { kind: 'user_created', at: now, userId: inserted.id, sessionId: null, caller: operator } as const
        await audit.record(transaction, event)
      }
      return inserted
    })
    if (user === null) throw new Refusal('email_taken', { because: 'an account with this address exists' })
    return user
  }
