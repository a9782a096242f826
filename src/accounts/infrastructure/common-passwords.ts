import { dictionary } from '@zxcvbn-ts/language-common'

/** Common here and nowhere else: what this service is called. */
const ours = ['latchkey']

/**
 * Answers whether a password is among the commonest, in upper, lower or mixed case.
 *
 * Knows the 49 233 of the package's list, of which 17 950 have 8 characters or more; all of them are in lower case.
 */
export function createCommonPasswords(): (password: string) => boolean {
  const known = new Set([...dictionary['passwords-common'], ...ours])
  return (password) => known.has(password.toLowerCase())
}
