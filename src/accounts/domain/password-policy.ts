import type { EmailAddress } from '../../kernel/email-address.ts'
import type { FieldError } from '../../kernel/refusal.ts'
import type { Secret } from '../../kernel/secret.ts'
import { madeOf, wordsOfEmail } from './context-words.ts'

export interface PasswordPolicy {
  /** Both in code points and inclusive. */
  readonly minLength: number
  readonly maxLength: number
}

/** What a new password is held against. */
export interface PasswordLists {
  /** What this service is called, in lower case. */
  readonly serviceWords: readonly string[]
  /** Whether a password is among the first that are guessed anywhere. */
  readonly isCommon: (password: string) => boolean
}

/** What a new password can be refused for. Public API, like the codes of refusals. */
export type PasswordErrorCode =
  | 'too_short'
  | 'too_long'
  | 'too_common'
  | 'contains_email'
  | 'breached'
  | 'not_well_formed'

export interface PasswordError extends FieldError {
  readonly field: 'password'
  readonly code: PasswordErrorCode
}

declare const accepted: unique symbol

/** A password that the policy let through: nothing else becomes the hash of an account. */
export type AcceptedPassword = Secret & { readonly [accepted]: true }

/** The password that has just opened its account: it was accepted when it was set, under the policy of that day. */
export const acceptedBefore = (password: Secret) => password as AcceptedPassword

/**
 * What is wrong with a new password; empty when it may be used. The messages never repeat it.
 *
 * Length and lists alone: what a password is made of is its owner's affair (NIST SP 800-63B-4, section 3.1.1.2).
 * Words of the e-mail and of the service are refused when there is nothing to the password but them, digits and signs;
 * to be part of a longer password harms none.
 */
export function judgePassword(
  password: string,
  email: EmailAddress,
  policy: PasswordPolicy,
  { serviceWords, isCommon }: PasswordLists,
): readonly PasswordError[] {
  // Two passwords that differ in these alone are one to what stores them.
  if (!password.isWellFormed() || password.includes('\0')) {
    return [error('not_well_formed', 'may hold any characters but NUL and halves of surrogate pairs')]
  }
  const length = codePoints(password)
  if (length < policy.minLength) return [error('too_short', `must have at least ${policy.minLength} characters`)]
  if (length > policy.maxLength) return [error('too_long', `may have at most ${policy.maxLength} characters`)]
  const lower = password.toLowerCase()
  const itsWords = wordsOfEmail(email)
  const used = madeOf(password, [...itsWords, ...serviceWords])
  // A local part may be all digits, and then it is no word.
  if (lower === email.slice(0, email.lastIndexOf('@')) || used?.some((word) => itsWords.includes(word))) {
    return [error('contains_email', 'must be more than your e-mail address or words of it')]
  }
  if (used) return [error('too_common', 'must be more than the name of this service')]
  if (isCommon(password)) return [error('too_common', 'must be less common: this one is among the first guessed')]
  return []
}

/** The error of a password that has been seen in a breach. */
export const breached = (): PasswordError =>
  error('breached', 'must be another: this one is known from a breach elsewhere, and is tried everywhere')

const error = (code: PasswordErrorCode, message: string): PasswordError => ({ field: 'password', code, message })

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
