import type { UserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { User } from '../domain/user.ts'
import type { AccountStore } from './ports.ts'

interface Deps {
  readonly accounts: AccountStore
}

/**
 * The person that an access token speaks for.
 *
 * @throws Refusal invalid_token when the account is gone.
 */
export const getMe =
  ({ accounts }: Deps) =>
  async ({ userId }: { userId: UserId }): Promise<User> => {
    const user = await accounts.find(userId)
    if (user === null) throw new Refusal('invalid_token', { because: 'the account is gone' })
    return user
  }
