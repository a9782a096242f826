import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'

/** A person with an account. */
export interface User {
  readonly id: UserId
  readonly email: EmailAddress
}
