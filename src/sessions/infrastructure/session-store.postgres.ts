import { sql } from 'kysely'
import { isBefore } from '../../kernel/clock.ts'
import type { SessionId } from '../../kernel/ids.ts'
import { defaultBounds } from '../../platform/postgres/database.ts'
import { turnWithin } from '../../platform/postgres/faults.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { SessionStore } from '../application/ports.ts'
import { ownershipsPostgres } from './ownerships.postgres.ts'
import { sessionRotationsPostgres } from './session-rotations.postgres.ts'
import { sessionOf } from './session-row.ts'

/**
 * Sessions in PostgreSQL: one row a login, whatever the number of its refreshes.
 *
 * @param patienceMs how long those who go together may wait for that: as long as for a connection.
 */
export function sessionStorePostgres(database: Database, patienceMs = defaultBounds.acquireTimeout): SessionStore {
  const turn = turnWithin(patienceMs)
  return {
    async insert(transaction, session, epoch) {
      const user = await opened(transaction)
        .selectFrom('users')
        .select('id')
        .where('id', '=', session.userId)
        .where('epoch', '=', epoch)
        .forNoKeyUpdate()
        .executeTakeFirst()
      if (!user) return false
      await opened(transaction)
        .insertInto('sessions')
        .values({
          id: session.id,
          user_id: session.userId,
          created_at: session.createdAt,
          last_used_at: session.lastUsedAt,
          idle_expires_at: session.idleExpiresAt,
          expires_at: session.expiresAt,
          user_agent: session.userAgent,
          ip: session.ip,
        })
        .execute()
      return true
    },

    findOwnership: ownershipsPostgres(database, turn),
    advance: sessionRotationsPostgres(database, turn),

    async listLive(userId, now) {
      const rows = await database
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .where('idle_expires_at', '>', now)
        .orderBy('last_used_at', 'desc')
        .orderBy('id')
        .execute()
      return rows.map(sessionOf)
    },

    async lock(transaction, id) {
      const query = opened(transaction).selectFrom('sessions').selectAll().where('id', '=', id).forUpdate()
      const row = await query.executeTakeFirst()
      return row ? sessionOf(row) : null
    },

    async revoke(transaction, userId, which, now) {
      // One that has run out ends too, though nobody is told: a refresh may be on its way whose clock says otherwise.
      const named = opened(transaction)
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .where((where) => {
          if ('only' in which) return where('id', '=', which.only)
          return which.allBut === null ? where.lit(true) : where('id', '!=', which.allBut)
        })
        .orderBy(sql`idle_expires_at > ${now}`, 'desc')
        .orderBy('last_used_at', 'desc')
        .orderBy('id')
        .offset('only' in which ? 0 : (which.spare ?? 0))
      const rows = await opened(transaction)
        .with('named', () => named)
        // Locked in one order, so that two revocations never wait for each other.
        .with('locked', (db) =>
          db
            .selectFrom('sessions')
            .select('sessions.id')
            .where('sessions.id', 'in', (query) => query.selectFrom('named').select('named.id'))
            .orderBy('sessions.id')
            .forUpdate(),
        )
        .updateTable('sessions')
        .set({ revoked_at: now })
        .where('id', 'in', (query) => query.selectFrom('locked').select('locked.id'))
        .where('revoked_at', 'is', null)
        .returning(['id', 'idle_expires_at'])
        .execute()
      return rows.filter((row) => isBefore(now, row.idle_expires_at)).map((row) => row.id as SessionId)
    },

    async purge(transaction, deadline, place) {
      const tx = opened(transaction)
      const alone = await sql<{ alone: boolean }>`SELECT pg_try_advisory_xact_lock(${purgeLock}) AS alone`.execute(tx)
      if (!alone.rows[0]?.alone) return { purged: 0, next: null }
      const size = await sql<{ pages: number }>`
        SELECT pg_relation_size('sessions') / current_setting('block_size')::int AS pages`.execute(tx)
      const end = place + purgeStretch
      // A stretch of pages, since no index holds what a refresh changes, and each page is so read but once.
      const gone = await sql`
        DELETE FROM sessions
        WHERE ctid >= ${`(${place},0)`}::tid AND ctid < ${`(${end},0)`}::tid
          AND (idle_expires_at < ${deadline} OR revoked_at < ${deadline})`.execute(tx)
      return { purged: Number(gone.numAffectedRows ?? 0), next: end < (size.rows[0]?.pages ?? 0) ? end : null }
    },
  }
}

/** The advisory lock of the one process that purges: an arbitrary number, the same everywhere. */
const purgeLock = 1_602_001
/** In pages of 8 KiB: some 400 sessions, a millisecond or two of work, which is how long a call may wait for it. */
const purgeStretch = 16
