import { sql } from 'kysely'
import type { Database } from '../../platform/postgres/tables.ts'
import type { EventReader } from '../application/ports.ts'
import type { EventFilter, RecordedEvent } from '../domain/record.ts'

interface Row {
  readonly id: string | null
  readonly position: string | null
  readonly at: Date
  readonly kind: string
  readonly user_id: string | null
  readonly session_id: string | null
  readonly subject: string | null
  readonly request_id: string | null
  readonly ip: string | null
  readonly user_agent: string | null
}

/** How many events one statement looks at, whatever the filter. */
const atATime = 10_000

const columns = sql`
  event.id::text AS id, seal.position::text AS position, event.at, event.kind, event.user_id::text AS user_id,
  event.session_id::text AS session_id, event.subject, event.request_id, whence.ip, whence.user_agent`

/** Audit events in PostgreSQL, for reading. */
export function eventReaderPostgres(database: Database): EventReader {
  return {
    async stretch(filter, place, direction, count) {
      const [beyond, order, reach] =
        direction === 'on' ? [sql`>`, sql`ASC`, sql`max(id)`] : [sql`<`, sql`DESC`, sql`min(id)`]
      // Ids follow the time, but for transactions that wrote side by side: a stretch wholly beyond it ends the search.
      const tooFar =
        direction === 'on'
          ? filter.until && sql`min(at) > ${filter.until}::timestamptz + interval '1 hour'`
          : filter.since && sql`max(at) < ${filter.since}::timestamptz - interval '1 hour'`
      const own = filter.userId === undefined ? sql`` : sql`AND user_id = ${filter.userId}`
      const { rows } = await sql<Row & { reached: string | null }>`
        WITH looked AS MATERIALIZED (
          SELECT * FROM audit_events WHERE id ${beyond} ${place}::bigint ${own} ORDER BY id ${order} LIMIT ${atATime}
        ),
        reached AS (SELECT (${reach})::text AS reached FROM looked HAVING count(*) = ${atATime} AND NOT ${tooFar ?? sql`false`})
        SELECT ${columns}, reached FROM (SELECT) one LEFT JOIN reached ON true
        LEFT JOIN (
          SELECT * FROM looked WHERE ${conditions(filter)} ORDER BY id ${order} LIMIT ${count}
        ) event ON true
        LEFT JOIN audit_seals seal ON seal.event_id = event.id
        LEFT JOIN audit_whence whence ON whence.event_id = event.id
        ORDER BY event.id ${order}`.execute(database)
      // One row without an event says how far was looked, where none was wanted.
      const events = rows.flatMap(eventsOf)
      const last = events.length === count ? (events.at(-1)?.id ?? null) : null
      return { events, next: last ?? rows[0]?.reached ?? null }
    },

    async chained(position, count) {
      const { rows } = await sql<Row & { position: string }>`
        SELECT ${columns} FROM audit_seals seal
        LEFT JOIN audit_events event ON event.id = seal.event_id
        LEFT JOIN audit_whence whence ON whence.event_id = event.id
        WHERE seal.position > ${position}::bigint ORDER BY seal.position LIMIT ${count}`.execute(database)
      return { events: rows.flatMap(eventsOf), last: rows.at(-1)?.position ?? position }
    },

    async extent() {
      const { rows } = await sql<{ position: string; lowest: string; highest: string }>`
        SELECT
          coalesce((SELECT max(position) FROM audit_seals), 0)::text AS position,
          coalesce((SELECT min(id) FROM audit_events), 0)::text AS lowest,
          coalesce((SELECT max(id) FROM audit_events), 0)::text AS highest`.execute(database)
      return rows[0] ?? { position: '0', lowest: '0', highest: '0' }
    },
  }
}

const conditions = ({ kind, requestId, since, until }: EventFilter) =>
  sql.join(
    [
      sql`true`,
      ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
      ...(requestId === undefined ? [] : [sql`request_id = ${requestId}`]),
      ...(since === undefined ? [] : [sql`at >= ${since}`]),
      ...(until === undefined ? [] : [sql`at < ${until}`]),
    ],
    sql` AND `,
  )

const eventsOf = (row: Row): RecordedEvent[] =>
  row.id === null
    ? []
    : [
        {
          id: row.id,
          position: row.position,
          at: row.at,
          kind: row.kind,
          userId: row.user_id,
          sessionId: row.session_id,
          subject: row.subject,
          requestId: row.request_id,
          ip: row.ip,
          userAgent: row.user_agent,
        },
      ]
