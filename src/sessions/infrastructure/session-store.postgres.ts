import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Database, Tables } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { SessionStore } from '../application/ports.ts'
import type { Session } from '../domain/session.ts'

/** Sessions in PostgreSQL: one row a login, whatever the number of its refreshes. */
export function sessionStorePostgres(database: Database): SessionStore {
  return {
    async insert(transaction, session) {
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
    },

    async find(id) {
      const row = await database.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? sessionOf(row) : null
    },

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

    async advance(id, generation, now, idleExpiresAt) {
      const row = await database
        .updateTable('sessions')
        .set({
          generation: sql<never>`generation + 1`,
          last_used_at: now,
          idle_expires_at: sql<Date>`least(${idleExpiresAt}::timestamptz, expires_at)`,
        })
        .where('id', '=', id)
        .where('generation', '=', generation)
        .where('revoked_at', 'is', null)
        .where('idle_expires_at', '>', now)
        .returningAll()
        .executeTakeFirst()
      return row ? sessionOf(row) : null
    },

    async lock(transaction, id) {
      const query = opened(transaction).selectFrom('sessions').selectAll().where('id', '=', id).forUpdate()
      const row = await query.executeTakeFirst()
      return row ? sessionOf(row) : null
    },

    async revoke(transaction, userId, which, now) {
      // Locked in one order first, so that two revocations never wait for each other.
      const live = opened(transaction)
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', userId)
        .where('id', 'only' in which ? '=' : '!=', 'only' in which ? which.only : which.allBut)
        .where('revoked_at', 'is', null)
        .where('idle_expires_at', '>', now)
        .orderBy('id')
        .forUpdate()
      const rows = await opened(transaction)
        .with('live', () => live)
        .updateTable('sessions')
        .set({ revoked_at: now })
        .where('id', 'in', (query) => query.selectFrom('live').select('live.id'))
        .returning('id')
        .execute()
      return rows.map((row) => row.id as SessionId)
    },
  }
}

const sessionOf = (row: Selectable<Tables['sessions']>): Session => ({
  id: row.id as SessionId,
  userId: row.user_id as UserId,
  generation: row.generation,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
  idleExpiresAt: row.idle_expires_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  userAgent: row.user_agent,
  ip: row.ip,
})
