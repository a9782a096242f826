import { sql } from 'kysely'
import type { Transaction } from '../../kernel/transact.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { ChainReader, ChainStore } from '../application/ports.ts'

/** What an inspection asks the database beside the chain itself. */
export function chainReaderPostgres(database: Database, chain: ChainStore): ChainReader {
  return {
    links: chain.links,
    checkpoints: chain.checkpoints,
    newestCheckpoints: chain.newestCheckpoints,

    snapshot(work) {
      const transaction = database.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
      return transaction.execute((begun) => work(begun as unknown as Transaction))
    },

    async waiting(transaction) {
      const { rows } = await sql<{ count: number; missing: string | null }>`
        SELECT count(*)::int AS count, (min(waiting.event_id) FILTER (WHERE event.id IS NULL))::text AS missing
        FROM audit_unsealed waiting LEFT JOIN audit_events event ON event.id = waiting.event_id`.execute(
        opened(transaction),
      )
      return rows[0] ?? { count: 0, missing: null }
    },

    async isNew(transaction) {
      const { rows } = await sql<{ is_new: boolean }>`
        SELECT NOT EXISTS (SELECT FROM signing_keys) AND NOT EXISTS (SELECT FROM users) AS is_new`.execute(
        opened(transaction),
      )
      return rows[0]?.is_new === true
    },

    async firstStray(transaction) {
      for (let after = lowest; ; ) {
        const { last, stray } = await look(transaction, after)
        if (stray !== null || last === null) return stray
        after = last
      }
    },
  }
}

async function look(transaction: Transaction, after: string): Promise<{ last: string | null; stray: string | null }> {
  const { rows } = await sql<{ last: string | null; stray: string | null }>`
    SELECT max(id)::text AS last, (min(id) FILTER (WHERE is_stray))::text AS stray
    FROM (
      SELECT id,
        NOT EXISTS (SELECT FROM audit_seals WHERE event_id = id)
          AND NOT EXISTS (SELECT FROM audit_unsealed WHERE event_id = id) AS is_stray
      FROM audit_events WHERE id > ${after}::bigint ORDER BY id LIMIT ${atATime}
    ) stretch`.execute(opened(transaction))
  return rows[0] ?? { last: null, stray: null }
}

/** Below every id that a bigint holds but one. */
const lowest = '-9223372036854775808'
/** How many events a statement looks at, so that none takes long. */
const atATime = 10_000
