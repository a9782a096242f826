import type { EmailAddress } from '../../kernel/email-address.ts'
import type { FieldError } from '../../kernel/refusal.ts'

export interface PasswordPolicy {
  /** Both in code points and inclusive. */
  readonly minLength: number
  readonly maxLength: number
}

/** What a new password can be refused for. Public API, like the codes of refusals. */
export type PasswordErrorCode = 'too_short' | 'too_long' | 'too_common' | 'contains_email' | 'not_well_formed'

export interface PasswordError extends FieldError {
  readonly field: 'password'
  readonly code: PasswordErrorCode
}

/**
 * What is wrong with a new password; empty when it may be used. The messages never repeat it.
 *
 * Length and two lists alone: what a password is made of is its owner's affair (NIST SP 800-63B-4, section 3.1.1.2).
 * The e-mail and its local part are refused as a whole, in any case; to be part of a longer password harms none.
 */
export function judgePassword(
  password: string,
  email: EmailAddress,
  policy: PasswordPolicy,
  isCommon: (password: string) => boolean,
): readonly PasswordError[] {
  // Two passwords that differ in these alone are one to what stores them.
  if (!password.isWellFormed() || password.includes('\0')) {
    return [error('not_well_formed', 'may hold any characters but NUL and halves of surrogate pairs')]
  }
  const length = codePoints(password)
  if (length < policy.minLength) return [error('too_short', `must have at least ${policy.minLength} characters`)]
  if (length > policy.maxLength) return [error('too_long', `may have at most ${policy.maxLength} characters`)]
  const lower = password.toLowerCase()
  if (lower === email || lower === email.slice(0, email.lastIndexOf('@'))) {
    return [error('contains_email', 'must be another than your e-mail address')]
  }
  if (isCommon(password)) return [error('too_common', 'must be less common: this one is among the first guessed')]
  return []
}

const error = (code: PasswordErrorCode, message: string): PasswordError => ({ field: 'password', code, message })

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
