import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import type { Caller } from '../kernel/caller.ts'
import { version } from '../version.ts'

/**
 * Who is on record for what a command does: the account of the operating system, in the place of a user agent, and an
 * id that all events of this one command share.
 */
export function operator(): Caller {
  return {
    ip: null,
    userAgent: `latchkey/${version} operator ${accountName()}@${hostname()}`,
    requestId: randomBytes(16).toString('hex'),
  }
}

/** In a container the number of a user may have no name. */
function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
