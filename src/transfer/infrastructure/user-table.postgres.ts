import { sql } from 'kysely'
import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { KnownUser, UserTable } from '../application/ports.ts'
import type { NewUser } from '../domain/user-row.ts'

/** Users by the thousand: one statement for all of them, whatever their number. */
export const userTablePostgres: UserTable = {
  async holdIds(transaction) {
    await sql`LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`.execute(opened(transaction))
  },

  async find(transaction, emails, ids) {
    const { rows } = await sql<{ id: number; email: string; password_hash: string | null }>`
      SELECT id, email, password_hash FROM users
      WHERE email = ANY (${[...emails]}::text[]) OR id = ANY (${[...ids]}::bigint[])`.execute(opened(transaction))
    return rows.map(
      ({ id, email, password_hash }): KnownUser => ({
        id: id as UserId,
        email: email as EmailAddress,
        passwordHash: password_hash,
      }),
    )
  },

  async findSpent(transaction, ids) {
    const { rows } = await sql<{ id: number }>`
      SELECT id FROM unnest(${[...ids]}::bigint[]) AS given (id)
      WHERE EXISTS (SELECT FROM audit_events WHERE user_id = given.id)
        AND NOT EXISTS (SELECT FROM users WHERE users.id = given.id)`.execute(opened(transaction))
    return rows.map(({ id }) => id as UserId)
  },

  async insert(transaction, users) {
    const { rows } = await sql<{ id: number; email: string }>`
      INSERT INTO users (id, email, password_hash, created_at, disabled_at) OVERRIDING SYSTEM VALUE
      SELECT COALESCE(id, nextval('users_id_seq')), email, password_hash, created_at, disabled_at
      FROM (
        SELECT * FROM json_to_recordset(${JSON.stringify(users.map(rowOf))}::text::json) AS rows (
          line bigint, id bigint, email text, password_hash text, created_at timestamptz, disabled_at timestamptz
        ) ORDER BY line
      ) AS given
      ON CONFLICT (email) DO NOTHING RETURNING id, email`.execute(opened(transaction))
    return rows.map(({ id, email }) => ({ id: id as UserId, email: email as EmailAddress }))
  },

  async passOver(transaction, highest) {
    await sql`
      SELECT setval('users_id_seq', ${highest}) FROM users_id_seq WHERE last_value <= ${highest}`.execute(
      opened(transaction),
    )
  },
}

const rowOf = ({ line, id, email, passwordHash, createdAt, disabledAt }: NewUser) => ({
  line,
  id,
  email,
  password_hash: passwordHash,
  created_at: createdAt,
  disabled_at: disabledAt,
})
