/** What a metric is and which labels it has, of which each has few values. */
export interface Definition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** In seconds. */
  readonly buckets?: readonly number[]
}

const quick = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const statement = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const hash = [0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10]

const counter = (name: string, help: string, ...labels: string[]) => ({ kind: 'counter', name, help, labels }) as const
const gauge = (name: string, help: string, ...labels: string[]) => ({ kind: 'gauge', name, help, labels }) as const
const histogram = (name: string, help: string, buckets: readonly number[], ...labels: string[]) =>
  ({ kind: 'histogram', name, help, labels, buckets }) as const

/** All that may become of a refresh token. */
export const refreshOutcomes = ['rotated', 'repeated', 'raced', 'reused', 'expired', 'ended', 'forged'] as const

/**
 * THE metrics of the service's own. Public: a name is never given another meaning. No label tells of a person, an address
 * or a token: `route` is the template of a route, `none` where there is none.
 */
export const definitions = {
  build: gauge('latchkey_build_info', 'Always 1; its label is the version that runs.', 'version'),
  requests: counter('latchkey_http_requests_total', 'Requests that were answered.', 'method', 'route', 'status'),
  seconds: histogram(
    'latchkey_http_request_duration_seconds',
    'From the head of a request to the end of its answer, in seconds.',
    quick,
    'method',
    'route',
  ),
  refusals: counter(
    'latchkey_http_refusals_total',
    'Requests that were refused, by the code of the problem.',
    'route',
    'code',
  ),
  hangUps: counter('latchkey_http_hang_ups_total', 'Clients that have gone before they were answered.', 'route'),
  limits: counter('latchkey_rate_limited_total', 'Requests that were refused by a limit, by its name.', 'limit'),
  overloads: counter(
    'latchkey_overloaded_total',
    'Requests that were refused because something had too much to do.',
    'because',
  ),
  refreshes: counter(
    'latchkey_refreshes_total',
    'Refresh tokens that were presented, by what became of them.',
    'outcome',
  ),
  hashSeconds: histogram(
    'latchkey_password_hash_duration_seconds',
    'From the call for a hash to its answer, the queue included, in seconds.',
    hash,
    'operation',
  ),
  hashFailures: counter(
    'latchkey_password_hash_failures_total',
    'Calls for a hash that had no answer: refused, or nobody waited any more.',
    'operation',
  ),
  hashesWaiting: gauge('latchkey_password_hashes_waiting', 'Calls for a hash that wait for a thread.'),
  hashesRunning: gauge('latchkey_password_hashes_running', 'Hashes that are computed at this moment.'),
  statementSeconds: histogram(
    'latchkey_database_statement_duration_seconds',
    'Statements of the database by their prepared name or first word, in seconds; the wait for a connection is not in it.',
    statement,
    'statement',
  ),
  statementFailures: counter('latchkey_database_statement_failures_total', 'Statements that failed.', 'statement'),
  workerDeaths: counter('latchkey_worker_deaths_total', 'Workers that have died and were replaced.'),
  connections: gauge('latchkey_database_connections', 'Connections to the database.', 'state'),
  connectionWaits: gauge('latchkey_database_connection_waiting', 'Callers that wait for a connection to the database.'),
  keys: gauge('latchkey_signing_keys', 'Signing keys that are published.'),
  keyAge: gauge('latchkey_signing_key_age_seconds', 'For how long the key that signs has signed.'),
  keyNext: gauge('latchkey_signing_key_rotation_seconds', 'Seconds until another key signs; below 0 it is overdue.'),
  auditReadable: gauge(
    'latchkey_audit_readable',
    '1 when the state of the audit log could be read in the database just now, else 0.',
  ),
  auditUnsealed: gauge(
    'latchkey_audit_events_unsealed',
    'Audit events without a place in the chain; 100000 stands for all beyond.',
  ),
  auditLag: gauge(
    'latchkey_audit_lag_seconds',
    'For how long the oldest audit event without a place in the chain has waited.',
  ),
} as const satisfies Record<string, Definition>
