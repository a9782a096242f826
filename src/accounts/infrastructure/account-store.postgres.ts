import { sql } from 'kysely'
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

    async findCredentials(by) {
      const row = await database
        .selectFrom('users')
        .select(['id', 'email', 'password_hash', 'disabled_at', 'epoch'])
        .where((where) => ('id' in by ? where('id', '=', by.id) : where('email', '=', by.email)))
        .executeTakeFirst()
      if (!row) return null
      const passwordHash = row.disabled_at === null ? row.password_hash : null
      return { user: userOf(row), passwordHash, epoch: row.epoch }
    },

    async renewHash(id, from, to) {
      await database
        .updateTable('users')
        .set({ password_hash: to })
        .where('id', '=', id)
        .where('password_hash', '=', from)
        .execute()
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

const userOf = (row: { id: number; email: string }): User => ({
  id: row.id as UserId,
  email: row.email as EmailAddress,
})
