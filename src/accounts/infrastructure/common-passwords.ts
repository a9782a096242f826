import { accessSync, readFileSync } from 'node:fs'
import { type BinaryFuseFilter, has } from './binary-fuse-filter.ts'

const file = new URL('./common-passwords.json', import.meta.url)

/**
 * Answers whether a password is among the 125 000 commonest of 8 characters or more, in upper, lower or mixed case.
 *
 * One in 16.8 million others counts as common too; shorter ones are unknown here, for their length refuses them. The
 * list is read when the first is asked for. Throws at once where there is none.
 */
export function createCommonPasswords(): (password: string) => boolean {
  accessSync(file)
  let filter: BinaryFuseFilter | undefined
  return (password) => {
    filter ??= read()
    return has(filter, password.toLowerCase())
  }
}

function read(): BinaryFuseFilter {
  const { seed, segmentLength, segments, slots } = JSON.parse(readFileSync(file, 'utf8'))
  return { seed, segmentLength, segments, slots: Buffer.from(slots, 'base64') }
}
