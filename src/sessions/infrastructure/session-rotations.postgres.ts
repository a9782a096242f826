import type { SessionId } from '../../kernel/ids.ts'
import { createBatches } from '../../platform/batches.ts'
import { isOfContent, type Turn } from '../../platform/postgres/faults.ts'
import { given, prepared } from '../../platform/postgres/prepared.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { retried } from '../../platform/postgres/transact.postgres.ts'
import type { SessionStore } from '../application/ports.ts'
import type { Generation, Session } from '../domain/session.ts'
import { type SessionRow, sessionColumns, sessionOf } from './session-row.ts'

interface Rotation {
  readonly id: SessionId
  readonly generation: Generation
  readonly now: Date
  readonly idleExpiresAt: Date
}

export const advanceOne = prepared<SessionRow>(
  'advance-session',
  `UPDATE sessions
   SET generation = generation + 1, last_used_at = $3, idle_expires_at = least($4, expires_at)
   WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND idle_expires_at > $3
   RETURNING ${sessionColumns}`,
)

// Rows that somebody else holds are passed over, so that no session waits for another's, and no two batches for each
// other; the rest are held from here on, as they are now and not as they were when the statement began.
export const advanceMany = prepared<SessionRow>(
  'advance-sessions',
  `WITH asked AS (
     SELECT * FROM unnest(
       ${['$1::uuid[]', '$2::int[]', '$3::timestamptz[]', '$4::timestamptz[]'].map(given).join(', ')}
     ) AS asked (id, generation, now, idle)
   ), held AS (
     SELECT asked.id, asked.now, asked.idle FROM asked JOIN sessions USING (id, generation)
     WHERE sessions.revoked_at IS NULL AND sessions.idle_expires_at > asked.now
     FOR NO KEY UPDATE OF sessions SKIP LOCKED
   )
   UPDATE sessions
   SET generation = generation + 1, last_used_at = held.now, idle_expires_at = least(held.idle, expires_at)
   FROM held WHERE sessions.id = held.id
   RETURNING ${sessionColumns}`,
)

/**
 * Rotations, each its own conditional update under PostgreSQL's row lock. Those that meet go together in one statement
 * and one commit, which takes no part in any race: a session that it does not move, because somebody else holds it or
 * because it is not as it was presented, is asked for by itself, and that statement waits for its turn and decides.
 */
export function sessionRotationsPostgres(database: Database, turn: Turn): SessionStore['advance'] {
  const asked = new Set<SessionId>()

  async function alone({ id, generation, now, idleExpiresAt }: Rotation): Promise<Session | null> {
    const [row] = await retried(() => advanceOne(database, id, generation, now, idleExpiresAt))
    return row ? sessionOf(row) : null
  }

  /** The sessions that could be moved at once; undefined for each one that has to be asked for by itself. */
  async function moved(rotations: readonly Rotation[]): Promise<(Session | undefined)[]> {
    // Times in ISO 8601: the driver's own text for a date takes longer to write.
    const columns = [
      rotations.map(({ id }) => id),
      rotations.map(({ generation }) => generation),
      rotations.map(({ now }) => now.toISOString()),
      rotations.map(({ idleExpiresAt }) => idleExpiresAt.toISOString()),
    ]
    const rows = await retried(() => advanceMany(database, ...columns)).catch((error) => {
      // Nothing is written then, and what is wrong with one is not the others' fault.
      if (isOfContent(error)) return []
      throw error
    })
    const sessions = new Map(rows.map((row) => [row.id, sessionOf(row)]))
    return rotations.map(({ id }) => sessions.get(id))
  }

  const together = createBatches({ ...turn, lanes: 2, most: 128, run: moved })

  return async (id, generation, now, idleExpiresAt) => {
    const rotation = { id, generation, now, idleExpiresAt }
    // One statement moves a session once: who comes for it meanwhile waits at its row, like those of other processes.
    if (asked.has(id)) return alone(rotation)
    asked.add(id)
    try {
      return (await together(rotation)) ?? (await alone(rotation))
    } finally {
      asked.delete(id)
    }
  }
}
