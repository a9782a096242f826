import { sql } from 'kysely'
import type { Transaction } from '../../kernel/transact.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import type { ChainStore } from '../application/ports.ts'
import {
  type CheckpointRow,
  checkpointColumns,
  checkpointOf,
  type EndRow,
  type EventRow,
  end,
  endOf,
  eventColumns,
  eventOf,
  type LinkRow,
  linkOf,
  type SealRow,
  sealOf,
} from './chain-rows.ts'

/** The chain over the audit events, in PostgreSQL. */
export function chainStorePostgres(database: Database): ChainStore {
  const rowsOf = async <T>(transaction: Transaction | null, query: ReturnType<typeof sql<T>>): Promise<T[]> =>
    (await query.execute(transaction ? opened(transaction) : database)).rows

  return {
    async look() {
      const [row] = await rowsOf(
        null,
        sql<EndRow & { waiting: boolean }>`
        SELECT EXISTS (SELECT FROM audit_unsealed) AS waiting, ${end}`,
      )
      return { ...endOf(row), waiting: row?.waiting ?? false }
    },

    async backlog(atMost) {
      const query = sql<{ waiting: number; since: Date | null }>`
        SELECT (SELECT count(*) FROM (SELECT FROM audit_unsealed LIMIT ${atMost}) AS counted)::int AS waiting,
          (SELECT at FROM audit_events WHERE id = (SELECT min(event_id) FROM audit_unsealed)) AS since`
      return (await rowsOf(null, query))[0] ?? { waiting: 0, since: null }
    },

    async hold(transaction, wait) {
      if (wait) {
        await rowsOf(transaction, sql`SELECT pg_advisory_xact_lock(${chainLock})`)
        return true
      }
      const query = sql<{ held: boolean }>`SELECT pg_try_advisory_xact_lock(${chainLock}) AS held`
      return (await rowsOf(transaction, query))[0]?.held === true
    },

    async end(transaction) {
      return endOf((await rowsOf(transaction, sql<EndRow>`SELECT ${end}`))[0])
    },

    async sealAt(transaction, position) {
      const query = sql<SealRow>`SELECT position, event_id::text, hash FROM audit_seals WHERE position = ${position}`
      const [row] = await rowsOf(transaction, query)
      return row ? sealOf(row) : null
    },

    async take(transaction, count) {
      const rows = await rowsOf(
        transaction,
        sql<EventRow & { event_id: string }>`
        WITH taken AS (
          DELETE FROM audit_unsealed WHERE event_id IN (
            SELECT event_id FROM audit_unsealed ORDER BY event_id LIMIT ${count}
          ) RETURNING event_id
        )
        SELECT taken.event_id::text, ${eventColumns}
        FROM taken LEFT JOIN audit_events event ON event.id = taken.event_id
        ORDER BY taken.event_id`,
      )
      return rows.map((row) => ({ eventId: row.event_id, event: eventOf(row) }))
    },

    async append(transaction, seals) {
      if (seals.length === 0) return
      const rows = seals.map(({ position, eventId, hash }) => [position, eventId, hash.toString('hex')])
      await rowsOf(
        transaction,
        sql`
        INSERT INTO audit_seals (position, event_id, hash)
        SELECT (seal->>0)::bigint, (seal->>1)::bigint, decode(seal->>2, 'hex')
        FROM json_array_elements(${JSON.stringify(rows)}::text::json) AS seals (seal)`,
      )
    },

    async insertCheckpoint(transaction, { number, position, hash, at, signature, ...checkpoint }) {
      const { fromNumber, fromPosition, anchorHash, keyId } = checkpoint
      await opened(transaction)
        .insertInto('audit_checkpoints')
        .values({
          ...{ number, position, hash, signature },
          from_number: fromNumber,
          from_position: fromPosition,
          anchor_hash: anchorHash,
          at: new Date(Number(at) / 1000),
          key_id: keyId,
        })
        .execute()
    },

    async removeBefore(transaction, position) {
      // The seals after the events: by them the database tells which events may go.
      for (const table of ['audit_whence', 'audit_events']) {
        const id = sql.ref(table === 'audit_events' ? 'id' : 'event_id')
        const old = sql`SELECT event_id FROM audit_seals WHERE position < ${position}`
        await rowsOf(transaction, sql`DELETE FROM ${sql.table(table)} WHERE ${id} IN (${old})`)
      }
      await rowsOf(transaction, sql`DELETE FROM audit_seals WHERE position < ${position}`)
      await rowsOf(transaction, sql`DELETE FROM audit_checkpoints WHERE position < ${position}`)
    },

    async firstCheckpointFrom(transaction, position) {
      const query = sql<{ number: number | null }>`
        SELECT min(number) AS number FROM audit_checkpoints WHERE position >= ${position}`
      return (await rowsOf(transaction, query))[0]?.number ?? null
    },

    async links(transaction, position, count) {
      const rows = await rowsOf(
        transaction,
        sql<LinkRow>`
        SELECT seal.position, seal.event_id::text, seal.hash, ${eventColumns},
          whence.event_id IS NOT NULL AS is_kept, whence.ip, whence.user_agent, whence.salt
        FROM audit_seals seal
        LEFT JOIN audit_events event ON event.id = seal.event_id
        LEFT JOIN audit_whence whence ON whence.event_id = seal.event_id
        WHERE seal.position > ${position} ORDER BY seal.position LIMIT ${count}`,
      )
      return rows.map(linkOf)
    },

    async checkpoints(transaction, from, to) {
      const rows = await rowsOf(
        transaction,
        sql<CheckpointRow>`
        SELECT ${checkpointColumns} FROM audit_checkpoints
        WHERE position > ${from} AND position <= ${to} ORDER BY position, number`,
      )
      return rows.map(checkpointOf)
    },

    async newestCheckpoints(transaction, count) {
      const rows = await rowsOf(
        transaction,
        sql<CheckpointRow>`
        SELECT ${checkpointColumns} FROM audit_checkpoints ORDER BY number DESC LIMIT ${count}`,
      )
      return rows.map(checkpointOf)
    },
  }
}

/** The advisory lock of the one process that writes to the chain: an arbitrary number, the same everywhere. */
const chainLock = 1_602_002
