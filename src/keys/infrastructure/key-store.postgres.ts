import { sql } from 'kysely'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { KeyStore, StoredKey } from '../application/ports.ts'
import type { Algorithm } from '../domain/signing-key.ts'

/** Signing keys in PostgreSQL: one row a key. */
export function keyStorePostgres(database: Database): KeyStore {
  const list = async (executor: Database): Promise<StoredKey[]> => {
    const rows = await executor.selectFrom('signing_keys').selectAll().orderBy('created_at').orderBy('kid').execute()
    return rows.map((row) => ({
      kid: row.kid,
      algorithm: row.algorithm as Algorithm,
      publicJwk: row.public_jwk,
      createdAt: row.created_at,
      activatesAt: row.activates_at,
      retiresAt: row.retires_at,
      sealedPrivateKey: Buffer.from(row.sealed_private_key),
    }))
  }

  return {
    list: () => list(database),

    async lock(transaction) {
      // Nobody but a rotation takes this lock, and it lets readers pass.
      await sql`LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE`.execute(opened(transaction))
      return list(opened(transaction))
    },

    async insert(transaction, key) {
      await opened(transaction)
        .insertInto('signing_keys')
        .values({
          kid: key.kid,
          algorithm: key.algorithm,
          public_jwk: JSON.stringify(key.publicJwk),
          sealed_private_key: key.sealedPrivateKey,
          created_at: key.createdAt,
          activates_at: key.activatesAt,
          retires_at: key.retiresAt,
        })
        .execute()
    },

    async reschedule(transaction, kid, { activatesAt, retiresAt }) {
      await opened(transaction)
        .updateTable('signing_keys')
        .set({
          ...(activatesAt !== undefined && { activates_at: activatesAt }),
          ...(retiresAt !== undefined && { retires_at: retiresAt }),
        })
        .where('kid', '=', kid)
        .execute()
    },

    async remove(transaction, kids) {
      if (kids.length > 0) await opened(transaction).deleteFrom('signing_keys').where('kid', 'in', kids).execute()
    },

    async reseal(kid, from, to) {
      await database
        .updateTable('signing_keys')
        .set({ sealed_private_key: to })
        .where('kid', '=', kid)
        .where('sealed_private_key', '=', from)
        .execute()
    },
  }
}
