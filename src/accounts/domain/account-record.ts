import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Whence } from './lockout.ts'

/** An account as an operator sees it: all but what opens it. */
export interface AccountRecord {
  readonly id: UserId
  readonly email: EmailAddress
  readonly createdAt: Date
  /** Null while the account is open. */
  readonly disabledAt: Date | null
  readonly hasPassword: boolean
  /** Attempts that failed in a row. */
  readonly failures: Readonly<Record<Whence, number>>
}

/** Which accounts are wanted; of what is not given, all are. Moments are those of the registration. */
export interface AccountFilter {
  /** What is somewhere in the address. */
  readonly email?: string
  readonly disabled?: boolean
  readonly since?: Date
  readonly until?: Date
}
