import { sql } from 'kysely'
import { isBefore } from '../../kernel/clock.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { retried } from '../../platform/postgres/transact.postgres.ts'
import type { Ask, BucketStore } from '../application/ports.ts'
import { stepOf } from '../domain/limit.ts'

/** How many rows a statement deletes: far from the time that one may take. */
const batch = 10_000

/** Quotas in PostgreSQL by the generic cell rate algorithm: one row each, which holds when the quota is whole again. */
export function bucketStorePostgres(database: Database): BucketStore {
  return {
    take: (asks, moment) =>
      retried(async () => {
        const now = sql`${moment}::timestamptz`
        // The rows that exist are held in one order. One that another process inserts meanwhile is met by the conflict,
        // whose WHERE asks again; who loses there is told that there was not enough.
        const { rows } = await sql<{ place: number; full_at: Date; enough: boolean }>`
          WITH asked AS (${askedTable(asks)}
          ), held AS (
            SELECT key, full_at FROM throttle_buckets WHERE key IN (SELECT key FROM asked) ORDER BY key FOR UPDATE
          ), judged AS (
            SELECT asked.*, greatest(held.full_at, ${now}) AS full_at,
              greatest(held.full_at, ${now}) + asked.cost <= ${now} + asked.span AS enough
            FROM asked LEFT JOIN held USING (key)
          ), taken AS (
            INSERT INTO throttle_buckets AS bucket (key, full_at)
            SELECT key, full_at + cost FROM judged WHERE (SELECT bool_and(enough) FROM judged) ORDER BY key
            ON CONFLICT (key) DO UPDATE
            SET full_at = greatest(bucket.full_at, ${now}) + (SELECT cost FROM asked WHERE asked.key = excluded.key)
            WHERE greatest(bucket.full_at, ${now}) + (SELECT cost FROM asked WHERE asked.key = excluded.key)
              <= ${now} + (SELECT span FROM asked WHERE asked.key = excluded.key)
            RETURNING key, full_at
          )
          SELECT judged.place, coalesce(taken.full_at, judged.full_at) AS full_at,
            judged.enough AND (taken.key IS NOT NULL OR NOT (SELECT bool_and(enough) FROM judged)) AS enough
          FROM judged LEFT JOIN taken USING (key) ORDER BY judged.place`.execute(database)
        return rows.map((row) => ({ fullAt: row.full_at, enough: row.enough }))
      }),

    refund: (asks) =>
      retried(async () => {
        await sql`
          WITH asked AS (${askedTable(asks)}
          ), held AS (
            SELECT key FROM throttle_buckets WHERE key IN (SELECT key FROM asked) ORDER BY key FOR UPDATE
          )
          UPDATE throttle_buckets AS bucket SET full_at = bucket.full_at - asked.cost
          FROM asked JOIN held USING (key) WHERE bucket.key = asked.key`.execute(database)
      }),

    async restore(key, now) {
      const query = database.deleteFrom('throttle_buckets').where('key', '=', key).returning('full_at')
      const bucket = await retried(() => query.executeTakeFirst())
      return bucket !== undefined && isBefore(now, bucket.full_at)
    },

    async purge(now, atMost) {
      const whole = await sql`
        DELETE FROM throttle_buckets WHERE key IN (
          SELECT key FROM throttle_buckets WHERE full_at <= ${now} LIMIT ${batch}
        )`.execute(database)
      const surplus = await sql`
        DELETE FROM throttle_buckets WHERE key IN (
          SELECT key FROM throttle_buckets WHERE full_at > ${now} ORDER BY full_at, key
          LIMIT greatest(0, least(${batch}, (SELECT count(*) FROM throttle_buckets WHERE full_at > ${now}) - ${atMost}))
        )`.execute(database)
      return Number(whole.numAffectedRows ?? 0) + Number(surplus.numAffectedRows ?? 0)
    },
  }
}

/** The asks as a table: which is it, its key, how much it moves the bucket, and by how much a bucket may be ahead. */
const askedTable = (asks: readonly Ask[]) => sql`
  SELECT place, key, cost * interval '1 millisecond' AS cost, span * interval '1 second' AS span
  FROM unnest(
    ${asks.map((_, index) => index)}::int[],
    ${asks.map(({ key }) => key)}::text[],
    ${asks.map(({ limit, units }) => units * stepOf(limit))}::float8[],
    ${asks.map(({ limit }) => limit.window)}::float8[]
  ) AS asked (place, key, cost, span)`
