import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { isLive } from '../domain/session.ts'
import type { NoteRefusal } from './note-refusal.ts'
import type { AccessTokens, Bearer, SessionStore } from './ports.ts'

interface Deps {
  readonly sessions: SessionStore
  readonly accessTokens: AccessTokens
  readonly noteRefusal: NoteRefusal
  readonly clock: Clock
}

/**
 * Who an access token speaks for. Beyond the signature, the session itself must be live, so that what is revoked is
 * refused here at once and not only when the token expires.
 *
 * @throws Refusal invalid_token or token_expired.
 */
export const recognize =
  ({ sessions, accessTokens, noteRefusal, clock }: Deps) =>
  async (token: string, caller: Caller): Promise<Bearer> => {
    const now = clock()
    const reading = await accessTokens.read(token, now)
    if (reading.kind === 'invalid') throw new Refusal('invalid_token', { because: 'not an access token of ours' })
    if (reading.kind === 'expired') throw new Refusal('token_expired')
    const { userId, sessionId } = reading.claims
    const found = await sessions.findOwnership(sessionId)
    if (found === null || found.userId !== userId || !isLive(found, now)) {
      await noteRefusal(reading.claims, 'invalid_token', caller)
      throw new Refusal('invalid_token', { because: 'the session is over' })
    }
    return { userId, sessionId, email: found.email }
  }
