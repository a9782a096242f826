import type { EmailAddress } from '../../kernel/email-address.ts'
import { createBatches } from '../../platform/batches.ts'
import type { Turn } from '../../platform/postgres/faults.ts'
import { prepared } from '../../platform/postgres/prepared.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import type { SessionStore } from '../application/ports.ts'
import { type SessionRow, sessionColumns, sessionOf } from './session-row.ts'

export const findMany = prepared<SessionRow & { email: string }>(
  'find-sessions',
  `SELECT ${sessionColumns}, users.email FROM sessions JOIN users ON users.id = sessions.user_id
   WHERE sessions.id = ANY ($1::uuid[])`,
)

/** Sessions with their owners: whoever asks at the same moment shares one statement. */
export function sessionReadsPostgres(database: Database, turn: Turn): SessionStore['find'] {
  return createBatches({
    ...turn,
    lanes: 2,
    most: 128,
    async run(ids) {
      const rows = new Map((await findMany(database, ids)).map((row) => [row.id, row]))
      return ids.map((id) => {
        const row = rows.get(id)
        return row ? { session: sessionOf(row), email: row.email as EmailAddress } : null
      })
    },
  })
}
