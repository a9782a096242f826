import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Turn } from '../../platform/postgres/faults.ts'
import { given, prepared } from '../../platform/postgres/prepared.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import type { SessionStore } from '../application/ports.ts'
import type { SessionRow } from './session-row.ts'

type OwnershipRow = Pick<SessionRow, 'id' | 'user_id' | 'idle_expires_at' | 'expires_at' | 'revoked_at'> & {
  /** Null where a session's user is missing, as in a copy that was restored without its keys' checks. */
  readonly email: string | null
}

/**
 * Each column with its table: another one of that name, which a later version adds, would make it ambiguous. The second cast
 * has the ids taken for an array, which a query in its place would not be.
 */
export const findOwnerships = prepared<OwnershipRow>(
  'find-ownerships',
  `SELECT sessions.id, sessions.user_id, sessions.idle_expires_at, sessions.expires_at, sessions.revoked_at,
     (SELECT users.email FROM users WHERE users.id = sessions.user_id) AS email
   FROM sessions WHERE sessions.id = ANY (${given('$1::uuid[]')}::uuid[])`,
)

/** Whose which session is: whoever asks at the same moment shares one statement. */
export function ownershipsPostgres(database: Database, turn: Turn): SessionStore['findOwnership'] {
  return createBatches({
    ...turn,
    lanes: 2,
    besideAfterMs: 2,
    most: 128,
    async run(ids) {
      const rows = new Map((await findOwnerships(database, ids)).map((row) => [row.id, row]))
      return ids.map((id) => {
        const row = rows.get(id)
        if (!row || row.email === null) return null
        return {
          userId: row.user_id as UserId,
          email: row.email as EmailAddress,
          idleExpiresAt: row.idle_expires_at,
          expiresAt: row.expires_at,
          revokedAt: row.revoked_at,
        }
      })
    },
  })
}
