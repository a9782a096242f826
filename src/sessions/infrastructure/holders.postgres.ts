import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Turn } from '../../platform/postgres/faults.ts'
import { prepared } from '../../platform/postgres/prepared.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import type { SessionStore } from '../application/ports.ts'
import type { SessionRow } from './session-row.ts'

type HolderRow = Pick<SessionRow, 'id' | 'user_id' | 'idle_expires_at' | 'expires_at' | 'revoked_at'> & {
  readonly email: string
}

export const findHolders = prepared<HolderRow>(
  'find-holders',
  `SELECT sessions.id, user_id, idle_expires_at, expires_at, revoked_at, email
   FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = ANY ($1::uuid[])`,
)

/** Who holds which session: whoever asks at the same moment shares one statement. */
export function holdersPostgres(database: Database, turn: Turn): SessionStore['findHolder'] {
  return createBatches({
    ...turn,
    lanes: 2,
    most: 128,
    async run(ids) {
      const rows = new Map((await findHolders(database, ids)).map((row) => [row.id, row]))
      return ids.map((id) => {
        const row = rows.get(id)
        if (!row) return null
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
