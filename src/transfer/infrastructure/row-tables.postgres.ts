import { sql } from 'kysely'
import type { Transaction } from '../../kernel/transact.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened } from '../../platform/postgres/transact.postgres.ts'
import { NotMovable } from '../application/import-everything.ts'
import type { RowTables } from '../application/ports.ts'

/** By what the rows of a table stand in order; all of them are unique. */
const keys: Readonly<Record<string, readonly string[]>> = {
  users: ['id'],
  signing_keys: ['kid'],
  sessions: ['id'],
  known_places: ['account', 'place'],
  login_streaks: ['user_id'],
  audit_events: ['id'],
  audit_whence: ['event_id'],
  audit_seals: ['position'],
  audit_checkpoints: ['number'],
}

const atATime = 1000

/** What is counted in a moment. */
const countable = 1_000_000

/** Rows with all their columns, as PostgreSQL itself writes and reads them in JSON. */
export function rowTablesPostgres(database: Database): RowTables {
  return {
    snapshot(work) {
      const transaction = database.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
      return transaction.execute((begun) => work(begun as unknown as Transaction))
    },

    async migrations(transaction) {
      const { rows } = await sql<{ name: string }>`SELECT name FROM schema_migrations ORDER BY name`.execute(
        opened(transaction),
      )
      return rows.map(({ name }) => name)
    },

    async sequences(transaction) {
      const { rows } = await sql<{ users: number; audit_events: number }>`
        SELECT users.used AS users, events.used AS audit_events
        FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS used FROM users_id_seq) users,
          (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS used FROM audit_events_id_seq) events`.execute(
        opened(transaction),
      )
      return { users: rows[0]?.users ?? 0, audit_events: rows[0]?.audit_events ?? 0 }
    },

    async *rows(transaction, table) {
      let last: string | null = null
      while (true) {
        const found = await rowsAfter(transaction, table, last)
        if (found.length > 0) yield found
        if (found.length < atATime) return
        last = found.at(-1) ?? null
      }
    },

    async expected(transaction, table) {
      // As the planner reckons: the rows of a page when these were last looked at, and the pages of now. A table that
      // nobody has looked at yet is counted, as far as that takes no time.
      const { rows } = await sql<{ rows: number | null }>`
        SELECT CASE WHEN reltuples >= 0 AND relpages > 0
          THEN (reltuples / relpages * pg_relation_size(oid) / current_setting('block_size')::int)::bigint
          ELSE NULLIF((SELECT count(*) FROM (SELECT FROM ${sql.table(table)} LIMIT ${countable}) few), ${countable})
          END AS rows
        FROM pg_class WHERE oid = ${table}::text::regclass`.execute(opened(transaction))
      return rows[0]?.rows ?? null
    },

    async insert(transaction, table, rows) {
      const columns = await columnsOf(transaction, table)
      const given = Object.keys(rows[0] ?? {})
      const unknown = given.find((name) => !columns.includes(name))
      if (unknown !== undefined)
        throw new NotMovable(`The export has a column of ${table} that this version does not know.`)
      const names = sql.join(given.map((name) => sql.ref(name)))
      await sql`
        INSERT INTO ${sql.table(table)} (${names}) OVERRIDING SYSTEM VALUE
        SELECT ${names} FROM json_populate_recordset(NULL::${sql.table(table)}, ${JSON.stringify(rows)}::text::json)`.execute(
        opened(transaction),
      )
    },

    async hold(transaction, tables) {
      await sql`LOCK TABLE ${sql.join(tables.map((name) => sql.table(name)))} IN SHARE ROW EXCLUSIVE MODE`.execute(
        opened(transaction),
      )
    },

    async isEmpty(transaction, table) {
      const { rows } = await sql<{ there: boolean }>`
        SELECT EXISTS (SELECT FROM ${sql.table(table)}) AS there`.execute(opened(transaction))
      return rows[0]?.there === false
    },

    async settle(transaction, sequences) {
      for (const [table, used] of Object.entries(sequences)) {
        await sql`
          SELECT setval(${`${table}_id_seq`}, highest)
          FROM (SELECT GREATEST(max(id), ${used}::bigint) AS highest FROM ${sql.table(table)}) found
          WHERE highest > 0`.execute(opened(transaction))
      }
      // Each event that came has put itself among those that wait; most have their seal. Some at a time, for a statement
      // has its time.
      for (let gone = 1; gone > 0; ) {
        const { numAffectedRows } = await sql`
          DELETE FROM audit_unsealed WHERE event_id IN (
            SELECT event_id FROM audit_unsealed JOIN audit_seals USING (event_id) LIMIT 10000
          )`.execute(opened(transaction))
        gone = Number(numAffectedRows ?? 0)
      }
    },
  }
}

/** The next rows behind one that was read; from the first without one. */
async function rowsAfter(transaction: Transaction, table: string, last: string | null): Promise<string[]> {
  const name = sql.table(table)
  const key = sql.join((keys[table] ?? []).map((column) => sql.ref(`t.${column}`)))
  const after =
    last === null
      ? sql``
      : sql`WHERE (${key}) > (SELECT ${key} FROM json_populate_record(NULL::${name}, ${last}::text::json) t)`
  const { rows } = await sql<{ row: string }>`
    SELECT row_to_json(t)::text AS row FROM ${name} t ${after} ORDER BY ${key} LIMIT ${atATime}`.execute(
    opened(transaction),
  )
  return rows.map(({ row }) => row)
}

async function columnsOf(transaction: Transaction, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT column_name AS name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = ${table}`.execute(opened(transaction))
  return rows.map(({ name }) => name)
}
