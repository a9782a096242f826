import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Caller } from '../../kernel/caller.ts'
import { sanitizeUserAgent } from '../../kernel/user-agent.ts'
import type { Database } from '../../platform/postgres/tables.ts'
import { opened, retried } from '../../platform/postgres/transact.postgres.ts'
import type { EventStore } from '../application/ports.ts'
import { whenceDigest } from '../domain/chain.ts'
import { type AuditEvent, byOperator, deedsOfOperators, subjectOf } from '../domain/event.ts'
import { sha256 } from './digest.crypto.ts'

/** Audit events in PostgreSQL: one row an event, only ever inserted, and its personal data in a row beside it. */
export function eventStorePostgres(database: Database): EventStore {
  return {
    async insert(transaction, events) {
      if (events.length === 0) return
      // One text for all rows, whatever their number: the statement stays the same and is one round trip.
      const statement = sql`
        WITH given AS MATERIALIZED (
          SELECT nextval('audit_events_id_seq') AS id, rows.*
          FROM json_to_recordset(${JSON.stringify(events.map(rowOf))}::text::json) AS rows (
            at timestamptz, kind text, user_id bigint, session_id uuid, subject text, request_id text,
            ip text, user_agent text, salt text, digest text
          )
        ), facts AS (
          INSERT INTO audit_events (id, at, kind, user_id, session_id, subject, request_id, whence_digest)
          OVERRIDING SYSTEM VALUE
          SELECT id, at, kind, user_id, session_id, subject, request_id, decode(digest, 'hex') FROM given
        )
        INSERT INTO audit_whence (event_id, ip, user_agent, salt)
        SELECT id, ip, user_agent, decode(salt, 'hex') FROM given WHERE salt IS NOT NULL
      `
      if (transaction) await statement.execute(opened(transaction))
      else await retried(() => statement.execute(database))
    },

    async eraseWhence(transaction, userId) {
      const { numAffectedRows } = await sql`
        DELETE FROM audit_whence WHERE event_id IN (
          SELECT whence.event_id FROM audit_events JOIN audit_whence whence ON whence.event_id = audit_events.id
          WHERE audit_events.user_id = ${userId} AND kind <> ALL(${[...deedsOfOperators]}::text[])
            AND subject IS DISTINCT FROM ${byOperator}
          LIMIT ${eraseAtATime}
        )`.execute(opened(transaction))
      return Number(numAffectedRows ?? 0)
    },
  }
}

const eraseAtATime = 5000

const rowOf = (event: AuditEvent) => ({
  kind: event.kind,
  at: event.at,
  user_id: event.userId,
  session_id: event.sessionId,
  subject: subjectOf(event),
  request_id: event.caller?.requestId ?? null,
  ...whenceOf(event.caller),
})

function whenceOf(caller: Caller | null) {
  const [ip, userAgent] = [caller?.ip ?? null, sanitizeUserAgent(caller?.userAgent ?? null)]
  if (ip === null && userAgent === null) return {}
  const salt = randomBytes(32)
  const digest = whenceDigest(sha256, { ip, userAgent, salt })
  return { ip, user_agent: userAgent, salt: salt.toString('hex'), digest }
}
