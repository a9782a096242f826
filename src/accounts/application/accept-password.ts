import type { EmailAddress } from '../../kernel/email-address.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import {
  type AcceptedPassword,
  breached,
  judgePassword,
  type PasswordLists,
  type PasswordPolicy,
} from '../domain/password-policy.ts'

interface Deps {
  readonly policy: PasswordPolicy
  readonly lists: PasswordLists
  /** Whether it is known from a breach; where nobody can tell in time, false. Never rejects. */
  readonly isBreached: (password: string) => Promise<boolean>
}

export type AcceptPassword = ReturnType<typeof acceptPassword>

/**
 * The one way to a password that may be hashed for an account. `field` is its name in the request.
 *
 * It may wait for another service, so it is called outside of transactions, and only for what passed every other rule.
 *
 * @throws Refusal validation_failed.
 */
export const acceptPassword =
  ({ policy, lists, isBreached }: Deps) =>
  async (password: Secret, email: EmailAddress, field: 'password' | 'new_password'): Promise<AcceptedPassword> => {
    const errors = [...judgePassword(password.reveal(), email, policy, lists)]
    if (errors.length === 0 && (await isBreached(password.reveal()))) errors.push(breached())
    if (errors.length > 0) {
      throw new Refusal('validation_failed', { errors: errors.map((error) => ({ ...error, field })) })
    }
    return password as AcceptedPassword
  }
