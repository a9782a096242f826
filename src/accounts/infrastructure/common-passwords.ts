import { has } from './binary-fuse-filter.ts'
import list from './common-passwords.json' with { type: 'json' }

/**
 * Answers whether a password is among the 125 000 commonest of 8 characters or more, in upper, lower or mixed case.
 *
 * One in 16.8 million others counts as common too; shorter ones are unknown here, for their length refuses them.
 */
export function createCommonPasswords(): (password: string) => boolean {
  const filter = { ...list, slots: Buffer.from(list.slots, 'base64') }
  return (password) => has(filter, password.toLowerCase())
}
