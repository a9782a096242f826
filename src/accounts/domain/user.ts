import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { FieldError } from '../../kernel/refusal.ts'

/** A person with an account. */
export interface User {
  readonly id: UserId
  readonly email: EmailAddress
}

/** What is said of a text that no account can have as its address. */
export const notAnAddress: FieldError = {
  field: 'email',
  code: 'invalid_format',
  message: 'This must be an e-mail address such as user@example.com, in ASCII.',
}
