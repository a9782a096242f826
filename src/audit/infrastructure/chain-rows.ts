import { sql } from 'kysely'
import type { ChainEnd } from '../application/ports.ts'
import type { ChainedEvent, Seal } from '../domain/chain.ts'
import type { SignedCheckpoint } from '../domain/checkpoint.ts'
import type { Link } from '../domain/inspection.ts'

// Moments and ids are read as text: it holds every value that a column can, also one that nobody wrote in order.
const moment = (column: string) => sql`trunc(extract(epoch FROM ${sql.ref(column)}) * 1000000)::text`

/** Of a table or join that names the events `event`. */
export const eventColumns = sql`
  event.id::text AS id, ${moment('event.at')} AS at, event.kind, event.user_id::text AS user_id,
  event.session_id::text AS session_id, event.subject, event.request_id,
  encode(event.whence_digest, 'hex') AS whence_digest`

export interface EventRow {
  /** Null where there is no such event. */
  readonly id: string | null
  readonly at: string
  readonly kind: string
  readonly user_id: string | null
  readonly session_id: string | null
  readonly subject: string | null
  readonly request_id: string | null
  readonly whence_digest: string | null
}

export const eventOf = (row: EventRow): ChainedEvent | null =>
  row.id === null
    ? null
    : {
        id: row.id,
        at: row.at,
        kind: row.kind,
        userId: row.user_id,
        sessionId: row.session_id,
        subject: row.subject,
        requestId: row.request_id,
        whenceDigest: row.whence_digest,
      }

export interface SealRow {
  readonly position: number
  readonly event_id: string
  readonly hash: Buffer
}

export const sealOf = ({ position, event_id, hash }: SealRow): Seal => ({ position, eventId: event_id, hash })

export interface LinkRow extends EventRow, SealRow {
  readonly is_kept: boolean
  readonly ip: string | null
  readonly user_agent: string | null
  readonly salt: Buffer
}

export const linkOf = (row: LinkRow): Link => ({
  ...sealOf(row),
  event: eventOf(row),
  whence: row.is_kept ? { ip: row.ip, userAgent: row.user_agent, salt: row.salt } : null,
})

export const checkpointColumns = sql`
  number, position, hash, from_number, from_position, anchor_hash, ${moment('at')} AS at, key_id, signature`

export interface CheckpointRow {
  readonly number: number
  readonly position: number
  readonly hash: Buffer
  readonly from_number: number
  readonly from_position: number
  readonly anchor_hash: Buffer
  readonly at: string
  readonly key_id: string
  readonly signature: Buffer
}

export const checkpointOf = (row: CheckpointRow): SignedCheckpoint => ({
  number: row.number,
  position: row.position,
  hash: row.hash,
  fromNumber: row.from_number,
  fromPosition: row.from_position,
  anchorHash: row.anchor_hash,
  at: row.at,
  keyId: row.key_id,
  signature: row.signature,
})

/** The last seal and the last checkpoint in one row, whether or not there are any. */
export const end = sql`
  head.position AS head_position, head.event_id::text AS head_event_id, head.hash AS head_hash, latest.*
  FROM (SELECT) here
  LEFT JOIN LATERAL (SELECT * FROM audit_seals ORDER BY position DESC LIMIT 1) head ON true
  LEFT JOIN LATERAL (SELECT ${checkpointColumns} FROM audit_checkpoints ORDER BY number DESC LIMIT 1) latest ON true`

export interface EndRow extends Partial<Omit<CheckpointRow, 'number'>> {
  readonly head_position: number | null
  readonly head_event_id: string
  readonly head_hash: Buffer
  readonly number: number | null
}

export function endOf(row: EndRow | undefined): ChainEnd {
  if (!row) return { head: null, checkpoint: null }
  const { head_position: position, head_event_id: eventId, head_hash: hash } = row
  return {
    head: position === null ? null : { position, eventId, hash },
    checkpoint: row.number === null ? null : checkpointOf(row as CheckpointRow),
  }
}
