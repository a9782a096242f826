import { opened } from '../platform/postgres/transact.postgres.ts'
import type { Audit } from './ports.ts'

/** Audit events in PostgreSQL, one row an event, only ever inserted. */
export const auditPostgres: Audit = {
  async record(transaction, { kind, at, userId, sessionId, caller, subject = null }) {
    await opened(transaction)
      .insertInto('audit_events')
      .values({
        kind,
        at,
        user_id: userId,
        session_id: sessionId,
        subject,
        ip: caller?.ip ?? null,
        request_id: caller?.requestId ?? null,
      })
      .execute()
  },
}
