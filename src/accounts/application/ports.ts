import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { User } from '../domain/user.ts'

/** What logging in needs to know of an account. `passwordHash` is null where no password is set, or none counts now. */
export interface Credentials {
  readonly user: User
  readonly passwordHash: string | null
  /** Counts the changes after which no earlier proof of identity opens a session. */
  readonly epoch: number
}

export interface AccountStore {
  /** Inserts the account and answers it with its new id, or answers null when the address is taken. */
  insert(
    transaction: Transaction,
    account: { email: EmailAddress; passwordHash: string; createdAt: Date },
  ): Promise<User | null>
  find(id: UserId): Promise<User | null>
  /** For a disabled account the hash is null: no password opens it. */
  findCredentials(by: { email: EmailAddress } | { id: UserId }): Promise<Credentials | null>
  /** Replaces the hash only while it still is `from`, so that a renewal never undoes a change of password. */
  renewHash(id: UserId, from: string, to: string): Promise<void>
  /** Sets another password's hash, which begins a new epoch; answers whether `epoch` still was the present one. */
  replaceHash(transaction: Transaction, id: UserId, epoch: number, to: string): Promise<boolean>
  /** Disables the account, or enables it with null, in a new epoch; answers whether that changed anything. */
  setDisabled(transaction: Transaction, id: UserId, disabledAt: Date | null): Promise<boolean>
}

export interface PasswordHasher {
  /** A new hash of `password` under the present parameters. */
  hash(password: Secret): Promise<string>
  /**
   * Whether `password` belongs to the stored hash, and whether that hash was made under other parameters than today's.
   *
   * Never rejects for what is stored: null, a malformed or a foreign hash is an answer of false that took the time of
   * a true hash, so that nobody learns from the clock which accounts exist.
   */
  verify(password: Secret, stored: string | null): Promise<{ matches: boolean; outdated: boolean }>
}
