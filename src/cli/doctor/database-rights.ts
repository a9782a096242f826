import { sql } from 'kysely'
import type { Database, Tables } from '../../platform/postgres/tables.ts'

type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'USAGE'

const changing = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const
/** Of the audit log rows are never changed; what is over goes. */
const adding = ['SELECT', 'INSERT', 'DELETE'] as const
/** Rows of these go with their account, or never. */
const counting = ['SELECT', 'INSERT', 'UPDATE'] as const

const onTables: Readonly<Record<keyof Tables, readonly Right[]>> = {
  users: changing,
  sessions: changing,
  signing_keys: changing,
  audit_events: adding,
  audit_whence: adding,
  audit_unsealed: adding,
  audit_seals: adding,
  audit_checkpoints: adding,
  throttle_buckets: changing,
  known_places: changing,
  login_streaks: counting,
  login_streak_decoys: counting,
}

/** What every start reads, and every command. */
const onRecords: Readonly<Record<string, readonly Right[]>> = {
  schema_migrations: ['SELECT'],
  schema_migrations_lock: ['SELECT'],
  schema_checksums: ['SELECT'],
}

/** Events take their ids from theirs. Imports and exports take from both, read and set them. */
const onSequences: Readonly<Record<string, readonly Right[]>> = {
  users_id_seq: ['USAGE', 'SELECT', 'UPDATE'],
  audit_events_id_seq: ['USAGE', 'SELECT', 'UPDATE'],
}

/** The rights that the service and its commands need, by the name of the table or sequence. */
export const neededRights = { ...onTables, ...onRecords, ...onSequences }

/** What of them the role lacks, as `UPDATE, DELETE on users`; of tables that are not there nothing. */
export async function missingRights(database: Database): Promise<string[]> {
  const needed = Object.entries(neededRights).flatMap(([name, rights]) =>
    rights.map((right) => ({ name, right, sequence: name in onSequences })),
  )
  const { rows } = await sql<{ lacks: string }>`
    SELECT string_agg("right", ', ' ORDER BY place) || ' on ' || name AS lacks
    FROM json_to_recordset(${JSON.stringify(needed.map((one, place) => ({ ...one, place })))}::text::json)
      AS needed (name text, "right" text, sequence boolean, place int)
    WHERE NOT CASE WHEN sequence THEN has_sequence_privilege(to_regclass(name), "right")
      ELSE has_table_privilege(to_regclass(name), "right") END
    GROUP BY name ORDER BY min(place)`.execute(database)
  return rows.map(({ lacks }) => lacks)
}
