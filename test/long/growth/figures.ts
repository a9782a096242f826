import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'

/** What a table and each of its indexes take on the disk, in bytes, and what its rows hold. */
export interface Weight {
  readonly rows: number
  /** The mean size of a row as it lies in the table, its header of 24 bytes included. */
  readonly row: number
  readonly table: number
  readonly indexes: Readonly<Record<string, number>>
}

export async function weigh(client: Client, table: string): Promise<Weight> {
  const { rows } = await client.query(`
    SELECT (SELECT count(*) FROM ${table})::float8 AS rows, pg_relation_size('${table}')::float8 AS table,
      (SELECT avg(pg_column_size(${table}.*)) FROM ${table} TABLESAMPLE SYSTEM (20))::float8 AS row`)
  const indexes = await client.query<{ name: string; size: number }>(`
    SELECT indexrelid::regclass AS name, pg_relation_size(indexrelid)::float8 AS size
    FROM pg_index WHERE indrelid = '${table}'::regclass ORDER BY 1`)
  return { ...rows[0], indexes: Object.fromEntries(indexes.rows.map(({ name, size }) => [name, size])) }
}

export const bytesOf = ({ table, indexes }: Weight): number =>
  table + Object.values(indexes).reduce((sum, size) => sum + size, 0)

/** One line: bytes a row, all in all and in its parts. */
export function describeWeight(name: string, weight: Weight): string {
  const each = (size: number) => (size / weight.rows).toFixed(1)
  const indexes = Object.entries(weight.indexes).map(([index, size]) => `${index} ${each(size)}`)
  const parts = [`table ${each(weight.table)} (the row itself ${weight.row.toFixed(1)})`, ...indexes]
  return `${name}: ${each(bytesOf(weight))} bytes a row of ${weight.rows}: ${parts.join(', ')}`
}

/** What PostgreSQL has counted of a table since the database was made. */
export interface Counted {
  readonly seqScans: number
  readonly updates: number
  readonly heapOnly: number
  readonly deleted: number
  readonly dead: number
  readonly vacuums: number
  readonly analyzes: number
  readonly heapRead: number
  readonly heapHit: number
  readonly indexRead: number
  readonly indexHit: number
}

export async function count(client: Client, table: string): Promise<Counted> {
  const { rows } = await client.query(
    `SELECT seq_scan::float8 AS "seqScans", n_tup_upd::float8 AS updates, n_tup_hot_upd::float8 AS "heapOnly",
       n_tup_del::float8 AS deleted, n_dead_tup::float8 AS dead, autovacuum_count::float8 AS vacuums,
       autoanalyze_count::float8 AS analyzes,
       heap_blks_read::float8 AS "heapRead", heap_blks_hit::float8 AS "heapHit",
       idx_blks_read::float8 AS "indexRead", idx_blks_hit::float8 AS "indexHit"
     FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid) WHERE relid = $1::regclass`,
    [table],
  )
  return rows[0]
}

/** As `count`, as soon as it fits: a connection tells its figures with a delay, and an idle one after ten seconds. */
export async function countWhen(
  client: Client,
  table: string,
  fits: (counted: Counted) => boolean,
  seconds: number,
): Promise<Counted> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const counted = await count(client, table)
    if (fits(counted)) return counted
    if (Date.now() > deadline) throw new Error(`after ${seconds} s: ${table} ${JSON.stringify(counted)}`)
    await sleep(250)
  }
}

/** Where the log of changes ends, in bytes since the server was made. */
export async function walEnd(client: Client): Promise<number> {
  const { rows } = await client.query<{ end: number }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS end`,
  )
  return rows[0]?.end ?? Number.NaN
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = sorted.length % 2 === 0 ? sorted.slice(half - 1) : sorted.slice(half)
  return sorted.length % 2 === 0 ? (low + high) / 2 : low
}

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}
