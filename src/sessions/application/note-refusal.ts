import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { RefusalCode } from '../../kernel/refusal.ts'
import type { AccessClaims } from './ports.ts'

interface Deps {
  readonly audit: Pick<Audit, 'note'>
  readonly clock: Clock
  /** Of how many refusals it is remembered when they were last noted. */
  readonly bound?: number
}

export type NoteRefusal = (who: AccessClaims, code: RefusalCode, caller: Caller) => Promise<void>

/** For how many milliseconds the same refusal is not noted again. */
const pause = 60_000

/**
 * Puts the refusal of a genuine token on the audit log: the first for a session and a code, and then one a minute at
 * most, so that whoever repeats a dead token does not fill the disk.
 */
export function noteRefusal({ audit, clock, bound = 10_000 }: Deps): NoteRefusal {
  const noted = new Map<string, number>()
  return async ({ userId, sessionId }, code, caller) => {
    const at = clock()
    const key = `${sessionId} ${code}`
    const last = noted.get(key)
    if (last !== undefined && Math.abs(at.getTime() - last) < pause) return
    // Deleted first, so that the map keeps the order of the last times and what goes is the oldest.
    noted.delete(key)
    noted.set(key, at.getTime())
    if (noted.size > bound) noted.delete(noted.keys().next().value as string)
    try {
      await audit.note({ kind: 'token_refused', at, userId, sessionId, caller, subject: code })
    } catch (error) {
      noted.delete(key)
      throw error
    }
  }
}
