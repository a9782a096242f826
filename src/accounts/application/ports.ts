import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { AccountFilter, AccountRecord } from '../domain/account-record.ts'
import type { Whence } from '../domain/lockout.ts'
import type { AcceptedPassword } from '../domain/password-policy.ts'
import type { User } from '../domain/user.ts'

/** What logging in needs to know of an account. `passwordHash` is null where no password is set, or none counts now. */
export interface Credentials {
  readonly user: User
  /** For the log and the audit log: to who tries, a disabled account is one that no password opens. */
  readonly isDisabled: boolean
  readonly passwordHash: string | null
  /** Counts the changes after which no earlier proof of identity opens a session. */
  readonly epoch: number
  /** How many attempts in a row have failed from such places, this one included until it succeeds; 0 where none counts. */
  readonly failures: number
}

export interface AccountStore {
  /** Inserts the account and answers it with its new id, or answers null when the address is taken. */
  insert(
    transaction: Transaction,
    account: { email: EmailAddress; passwordHash: string; createdAt: Date },
  ): Promise<User | null>
  find(by: { email: EmailAddress } | { id: UserId }): Promise<User | null>
  /**
   * What an attempt at the account's password needs. The attempt counts as failed in the same statement, so that no
   * number of attempts at one moment is more than is allowed; with `from` null none counts, and nothing is written. For a
   * disabled account the hash is null.
   */
  beginAttempt(by: { email: EmailAddress } | { id: UserId }, from: Whence | null): Promise<Credentials | null>
  /** The password was not tried: takes the failure back that `beginAttempt` has counted. */
  withdrawAttempt(by: { email: EmailAddress } | { id: UserId }, from: Whence): Promise<void>
  /** Ends the row of failures, from wherever they came; answers whether there was one. */
  clearFailures(id: UserId): Promise<boolean>
  /** Replaces the hash only while it still is `from`, so that a renewal never undoes a change of password. */
  renewHash(id: UserId, from: string, to: string): Promise<void>
  /** Sets another password's hash, which begins a new epoch; answers whether `epoch` still was the present one. */
  replaceHash(transaction: Transaction, id: UserId, epoch: number, to: string): Promise<boolean>
  /** Disables the account, or enables it with null, in a new epoch; answers whether that changed anything. */
  setDisabled(transaction: Transaction, id: UserId, disabledAt: Date | null): Promise<boolean>
}

/** The accounts as an operator sees and ends them. */
export interface AccountRecords {
  find(by: { id: UserId } | { email: EmailAddress }): Promise<AccountRecord | null>
  /**
   * At most `count` accounts of those that the filter lets through, in the order of their ids, from behind `after` on.
   * One call looks at a bounded stretch of accounts: `next` is behind what the following one goes on, null at the end.
   */
  list(filter: AccountFilter, after: number, count: number): Promise<{ records: AccountRecord[]; next: number | null }>
  /** Holds the account against everybody else until the transaction ends; answers its epoch, or null for none. */
  lock(transaction: Transaction, id: UserId): Promise<{ readonly epoch: number } | null>
  /** Deletes the account and what belongs to it alone. Its id is never given again. */
  remove(transaction: Transaction, id: UserId): Promise<void>
}

/**
 * Both operations take long, and what can't be done in time is not begun: they reject with `Refusal('overloaded')`.
 * Once `gone` is aborted they reject with its reason, so that the caller goes no further.
 */
export interface PasswordHasher {
  /** A new hash of `password` under the present parameters. */
  hash(password: AcceptedPassword, gone?: AbortSignal): Promise<string>
  /**
   * Whether `password` belongs to the stored hash, and whether that hash was made under other parameters than today's.
   *
   * Never rejects for what is stored: null, a malformed or a foreign hash is an answer of false that took the time of
   * a true hash, so that nobody learns from the clock which accounts exist.
   */
  verify(password: Secret, stored: string | null, gone?: AbortSignal): Promise<{ matches: boolean; outdated: boolean }>
}
