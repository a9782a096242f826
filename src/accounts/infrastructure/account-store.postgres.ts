import { type RawBuilder, sql } from 'kysely'
import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened, retried } from '../../platform/postgres/transact.postgres.ts'
import type { AccountStore } from '../application/ports.ts'
import type { Whence } from '../domain/lockout.ts'
import type { User } from '../domain/user.ts'

interface Attempt {
  readonly id: number
  readonly email: string
  readonly password_hash: string | null
  readonly disabled_at: Date | null
  readonly epoch: number
  readonly failures: number
}

/** SQLSTATE foreign_key_violation. */
const foreignKey = '23503'

/** Among how many rows the failures of addresses without an account are spread: a power of two. */
const decoys = 65_536

/** Accounts in PostgreSQL. Their addresses are canonical before they come here; a constraint keeps it so. */
export function accountStorePostgres(database: Database): AccountStore {
  const begin: AccountStore['beginAttempt'] = async (by, from) => {
    const [which, typed] = 'id' in by ? [sql`id = ${by.id}`, String(by.id)] : [sql`email = ${by.email}`, by.email]
    const account = sql`SELECT id, email, password_hash, disabled_at, epoch FROM users WHERE ${which}`
    const attempt = from === null ? uncounted(account) : counted(account, typed, from)
    const { rows } = await attempt.execute(database)
    const [row] = rows
    if (!row) return null
    const isDisabled = row.disabled_at !== null
    const passwordHash = isDisabled ? null : row.password_hash
    return { user: userOf(row), isDisabled, passwordHash, epoch: row.epoch, failures: row.failures }
  }

  return {
    async insert(transaction, { email, passwordHash, createdAt }) {
      const row = await opened(transaction)
        .insertInto('users')
        .values({ email, password_hash: passwordHash, created_at: createdAt })
        .onConflict((conflict) => conflict.column('email').doNothing())
        .returning(['id', 'email'])
        .executeTakeFirst()
      return row ? userOf(row) : null
    },

    async find(by) {
      const users = database.selectFrom('users').select(['id', 'email'])
      const query = 'id' in by ? users.where('id', '=', by.id) : users.where('email', '=', by.email)
      const row = await retried(() => query.executeTakeFirst())
      return row ? userOf(row) : null
    },

    // An account that is deleted meanwhile takes its row of failures along: asked again, it is not there.
    beginAttempt: (by, from) =>
      retried(() =>
        begin(by, from).catch((error) => (error.code === foreignKey ? begin(by, from) : Promise.reject(error))),
      ),

    async withdrawAttempt(by, from) {
      const query = database
        .updateTable('login_streaks')
        .set(from, sql`${sql.ref(from)} - 1`)
        .where('user_id', '=', (query) =>
          'id' in by ? sql<number>`${by.id}` : query.selectFrom('users').select('id').where('email', '=', by.email),
        )
        .where(from, '>', 0)
      await retried(() => query.execute())
    },

    async clearFailures(id) {
      const query = database
        .updateTable('login_streaks')
        .set({ known: 0, elsewhere: 0 })
        .where('user_id', '=', id)
        .where((where) => where.or([where('known', '>', 0), where('elsewhere', '>', 0)]))
      return (await retried(() => query.executeTakeFirst())).numUpdatedRows > 0n
    },

    async renewHash(id, from, to) {
      const query = database
        .updateTable('users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
      await retried(() => query.execute())
    },

    async replaceHash(transaction, id, epoch, to) {
      const { numUpdatedRows } = await opened(transaction)
        .updateTable('users')
        .set({ password_hash: to, epoch: sql`epoch + 1` })
        .where('id', '=', id)
        .where('epoch', '=', epoch)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async setDisabled(transaction, id, disabledAt) {
      const { numUpdatedRows } = await opened(transaction)
        .updateTable('users')
        .set({ disabled_at: disabledAt, epoch: sql`epoch + 1` })
        .where('id', '=', id)
        .where('disabled_at', disabledAt === null ? 'is not' : 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

const uncounted = (account: RawBuilder<unknown>) => sql<Attempt>`
  SELECT account.*, 0 AS failures FROM (${account}) account`

function counted(account: RawBuilder<unknown>, typed: string, from: Whence): RawBuilder<Attempt> {
  const one = (whence: Whence) => sql.lit(whence === from ? 1 : 0)
  const first = sql`${one('known')}, ${one('elsewhere')}`
  const further = sql`known = streak.known + ${one('known')}, elsewhere = streak.elsewhere + ${one('elsewhere')}`
  return sql<Attempt>`
    WITH account AS (
      ${account}
    ), streak AS (
      INSERT INTO login_streaks AS streak (user_id, known, elsewhere) SELECT id, ${first} FROM account
      ON CONFLICT (user_id) DO UPDATE SET ${further} RETURNING ${sql.ref(from)} AS failures
    ), decoy AS (
      INSERT INTO login_streak_decoys AS streak (slot, known, elsewhere)
      SELECT hashtext(${typed}) & ${sql.lit(decoys - 1)}, ${first} WHERE NOT EXISTS (SELECT FROM account)
      ON CONFLICT (slot) DO UPDATE SET ${further}
    )
    SELECT account.*, streak.failures FROM account CROSS JOIN streak`
}

const userOf = (row: { id: number; email: string }): User => ({
  id: row.id as UserId,
  email: row.email as EmailAddress,
})
