import type { Selectable } from 'kysely'
import type { SessionId, UserId } from '../../kernel/ids.ts'
import type { Tables } from '../../platform/postgres/tables.ts'
import type { Session } from '../domain/session.ts'

export type SessionRow = Selectable<Tables['sessions']>

/**
 * The columns of a row, for statements that are prepared: PostgreSQL refuses one for ever whose result gets another form,
 * as `*` does with the first column that a later version adds.
 */
export const sessionColumns = [
  ...['id', 'user_id', 'generation', 'created_at', 'last_used_at', 'idle_expires_at', 'expires_at', 'revoked_at'],
  ...['user_agent', 'ip'],
]
  .map((name) => `sessions.${name}`)
  .join(', ')

export const sessionOf = (row: SessionRow): Session => ({
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
