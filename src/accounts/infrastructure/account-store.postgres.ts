import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { AccountStore } from '../application/ports.ts'
import type { User } from '../domain/user.ts'

/** Accounts in PostgreSQL. Their addresses are canonical before they come here; a constraint keeps it so. */
export function accountStorePostgres(database: Database): AccountStore {
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

    async find(id) {
      const row = await database.selectFrom('users').select(['id', 'email']).where('id', '=', id).executeTakeFirst()
      return row ? userOf(row) : null
    },

    async findCredentials(email) {
      const row = await database
        .selectFrom('users')
        .select(['id', 'email', 'password_hash'])
        .where('email', '=', email)
        .executeTakeFirst()
      return row ? { user: userOf(row), passwordHash: row.password_hash } : null
    },

    async renewHash(id, from, to) {
      await database
        .updateTable('users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
        .execute()
    },
  }
}

const userOf = (row: { id: number; email: string }): User => ({
  id: row.id as UserId,
  email: row.email as EmailAddress,
})
