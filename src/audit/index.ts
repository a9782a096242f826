export { auditPostgres } from './audit.postgres.ts'
export type { Audit, AuditEvent, AuditKind } from './ports.ts'
