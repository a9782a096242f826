import { sql } from 'kysely'
import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { AccountRecords } from '../application/ports.ts'
import type { AccountRecord } from '../domain/account-record.ts'

interface Row {
  readonly id: number
  readonly email: string
  readonly created_at: Date
  readonly disabled_at: Date | null
  readonly has_password: boolean
  readonly known: number | null
  readonly elsewhere: number | null
}

/** How many accounts one statement looks at, whatever the filter: some hundredths of a second. */
const stretch = 10_000

const columns = sql`id, email, created_at, disabled_at, password_hash IS NOT NULL AS has_password, known, elsewhere`

/** Accounts in PostgreSQL as an operator sees them. */
export function accountRecordsPostgres(database: Database): AccountRecords {
  return {
    async find(by) {
      const which = 'id' in by ? sql`id = ${by.id}` : sql`email = ${by.email}`
      const { rows } = await sql<Row>`
        SELECT ${columns} FROM users LEFT JOIN login_streaks ON user_id = id WHERE ${which}`.execute(database)
      return rows[0] ? recordOf(rows[0]) : null
    },

    async list({ email, disabled, since, until }, after, count) {
      const conditions = [
        sql`true`,
        ...(email === undefined ? [] : [sql`position(${email} IN email) > 0`]),
        ...(disabled === undefined ? [] : [disabled ? sql`disabled_at IS NOT NULL` : sql`disabled_at IS NULL`]),
        ...(since === undefined ? [] : [sql`created_at >= ${since}`]),
        ...(until === undefined ? [] : [sql`created_at < ${until}`]),
      ]
      const { rows } = await sql<Row & { reached: number }>`
        WITH looked AS MATERIALIZED (SELECT * FROM users WHERE id > ${after} ORDER BY id LIMIT ${stretch}),
        reached AS (SELECT max(id) AS reached FROM looked HAVING count(*) = ${stretch})
        SELECT ${columns}, reached FROM (SELECT) one LEFT JOIN reached ON true
        LEFT JOIN (
          SELECT * FROM looked WHERE ${sql.join(conditions, sql` AND `)} ORDER BY id LIMIT ${count}
        ) wanted ON true
        LEFT JOIN login_streaks ON user_id = id
        ORDER BY id`.execute(database)
      // One row without an account says how far was looked, where none was wanted.
      const records = rows.filter((row) => row.id !== null).map(recordOf)
      const last = records.length === count ? (records.at(-1)?.id ?? null) : null
      return { records, next: last ?? rows[0]?.reached ?? null }
    },

    async lock(transaction, id) {
      const query = opened(transaction).selectFrom('users').select('epoch').where('id', '=', id).forUpdate()
      return (await query.executeTakeFirst()) ?? null
    },

    async remove(transaction, id) {
      await opened(transaction).deleteFrom('users').where('id', '=', id).execute()
    },
  }
}

const recordOf = (row: Row): AccountRecord => ({
  id: row.id as UserId,
  email: row.email as EmailAddress,
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
  hasPassword: row.has_password,
  failures: { known: row.known ?? 0, elsewhere: row.elsewhere ?? 0 },
})
