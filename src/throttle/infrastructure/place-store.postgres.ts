import { sql } from 'kysely'
import type { Database } from '../../platform/postgres/tables.ts'
import { retried } from '../../platform/postgres/transact.postgres.ts'
import type { PlaceStore } from '../application/ports.ts'

/** The places where people have logged in before, in PostgreSQL. */
export function placeStorePostgres(database: Database): PlaceStore {
  return {
    async lastLogin(account, place) {
      const query = database
        .selectFrom('known_places')
        .select('last_at')
        .where('account', '=', account)
        .where('place', '=', place)
      const row = await retried(() => query.executeTakeFirst())
      return row?.last_at ?? null
    },

    remember: (account, place, now, atMost) =>
      retried(async () => {
        // A statement sees the table as it was before it: the place itself is the one that `atMost` still lacks.
        await sql`
          WITH surplus AS (
            DELETE FROM known_places WHERE account = ${account} AND place IN (
              SELECT place FROM known_places WHERE account = ${account} AND place <> ${place}
              ORDER BY last_at DESC, place OFFSET ${atMost - 1}
            )
          )
          INSERT INTO known_places (account, place, last_at) VALUES (${account}, ${place}, ${now})
          ON CONFLICT (account, place) DO UPDATE SET last_at = excluded.last_at`.execute(database)
      }),

    rememberAlone: (account, place, now) =>
      retried(async () => {
        await sql`
          WITH others AS (DELETE FROM known_places WHERE account = ${account} AND place <> ${place})
          INSERT INTO known_places (account, place, last_at) VALUES (${account}, ${place}, ${now})
          ON CONFLICT (account, place) DO UPDATE SET last_at = excluded.last_at`.execute(database)
      }),

    async forget(account) {
      const query = database.deleteFrom('known_places').where('account', '=', account)
      await retried(() => query.execute())
    },

    async purge(before) {
      const gone = await sql`
        DELETE FROM known_places WHERE ctid IN (
          SELECT ctid FROM known_places WHERE last_at < ${before} LIMIT 10000
        )`.execute(database)
      return Number(gone.numAffectedRows ?? 0)
    },
  }
}
