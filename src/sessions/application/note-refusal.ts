import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { RefusalCode } from '../../kernel/refusal.ts'
import type { AccessClaims } from './ports.ts'

interface Deps {
  readonly audit: Pick<Audit, 'noteOnce'>
  readonly clock: Clock
}

export type NoteRefusal = (who: AccessClaims, code: RefusalCode, caller: Caller) => Promise<void>

/** Puts the refusal of a genuine token on the audit log, for each session and code now and then. */
export const noteRefusal =
  ({ audit, clock }: Deps): NoteRefusal =>
  ({ userId, sessionId }, code, caller) =>
    audit.noteOnce(`token_refused ${sessionId} ${code}`, {
      kind: 'token_refused',
      at: clock(),
      userId,
      sessionId,
      caller,
      subject: code,
    })
