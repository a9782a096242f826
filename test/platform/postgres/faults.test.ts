import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pg from 'pg'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { EmbeddedStopped } from '../../../src/platform/postgres/embedded-stopped.ts'
import { databaseRefusal, isRetryable } from '../../../src/platform/postgres/faults.ts'

const coded = (code: unknown, message = 'message') => Object.assign(new Error(message), { code })

const passing: [code: string, what: string][] = [
  ['08000', 'connection_exception'],
  ['08001', 'sqlclient_unable_to_establish_sqlconnection'],
  ['08006', 'connection_failure'],
  ['08P01', 'protocol_violation'],
  ['25006', 'read_only_sql_transaction: a standby'],
  ['25P03', 'idle_in_transaction_session_timeout'],
  ['25P04', 'transaction_timeout'],
  ['40001', 'serialization_failure'],
  ['40P01', 'deadlock_detected'],
  ['53000', 'insufficient_resources'],
  ['53100', 'disk_full'],
  ['53200', 'out_of_memory'],
  ['28P01', 'invalid_password'],
  ['53300', 'too_many_connections'],
  ['55P03', 'lock_not_available'],
  ['57014', 'query_canceled: statement_timeout'],
  ['57P01', 'admin_shutdown'],
  ['57P02', 'crash_shutdown'],
  ['57P03', 'cannot_connect_now'],
  ['57P05', 'idle_session_timeout'],
  ['58000', 'system_error'],
  ['58030', 'io_error'],
  ['XX001', 'data_corrupted'],
  ['ECONNREFUSED', 'nobody listens'],
  ['ECONNRESET', 'the server went away'],
  ['EPIPE', 'the server went away while we wrote'],
  ['ETIMEDOUT', 'no answer'],
  ['EHOSTUNREACH', 'no way there'],
  ['ENETUNREACH', 'no network'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'no name server'],
  ['ENOENT', 'no such socket'],
]

const bugs: [code: unknown, what: string][] = [
  ['22012', 'division_by_zero'],
  ['22003', 'numeric_value_out_of_range'],
  ['22021', 'character_not_in_repertoire'],
  ['23502', 'not_null_violation'],
  ['23503', 'foreign_key_violation'],
  ['23505', 'unique_violation'],
  ['23514', 'check_violation'],
  ['25001', 'active_sql_transaction'],
  ['42501', 'insufficient_privilege'],
  ['42601', 'syntax_error'],
  ['42703', 'undefined_column'],
  ['42P01', 'undefined_table'],
  ['3D000', 'invalid_catalog_name'],
  ['XX000', 'internal_error'],
  ['EACCES', 'no right to a file'],
  ['ERR_INVALID_ARG_TYPE', "Node's own"],
  ['080000', 'six characters'],
  ['x08000', 'a code within another'],
  [8000, 'a number'],
  [null, 'null'],
]

describe('a fault of the database is database_unavailable, to be tried again', () => {
  for (const [code, what] of passing) {
    it(`${code}, ${what}`, () => {
      const cause = coded(code)
      const refusal = databaseRefusal(cause)
      assert.ok(refusal instanceof Refusal)
      assert.equal(refusal.code, 'database_unavailable')
      assert.equal(refusal.because, code)
      assert.equal(refusal.cause, cause)
      assert.ok((refusal.retryAfter ?? 0) >= 1)
    })
  }

  for (const message of [
    'too many wait for a connection',
    'the database does not answer',
    'timeout exceeded when trying to connect',
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'The server does not support SSL connections',
  ]) {
    it(`what is said without a code: ${message}`, () => {
      assert.equal(databaseRefusal(new Error(message))?.code, 'database_unavailable')
    })
  }

  it('a host of which no address answers', () => {
    const error = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])
    assert.equal(databaseRefusal(error)?.code, 'database_unavailable')
  })

  it('an embedded database that has stopped for good', () => {
    assert.equal(databaseRefusal(new EmbeddedStopped('PANIC', null))?.code, 'database_unavailable')
  })

  it("an error of pg's own class", () => {
    const error = new pg.DatabaseError('terminating connection', 100, 'error')
    error.code = '57P01'
    assert.equal(databaseRefusal(error)?.because, '57P01')
  })
})

describe('anything else is a bug', () => {
  for (const [code, what] of bugs) it(`${code}, ${what}`, () => assert.equal(databaseRefusal(coded(code)), null))

  for (const thrown of [undefined, null, '57P01', 57, {}, { code: '57P01' }, new Error('57P01'), new TypeError('no')]) {
    it(`whatever was thrown: ${String(thrown)}`, () => assert.equal(databaseRefusal(thrown), null))
  }

  it('a message that only mentions a timeout', () => {
    assert.equal(databaseRefusal(new Error('no timeout exceeded when trying to connect')), null)
  })

  it('an aggregate of other errors', () => {
    assert.equal(databaseRefusal(new AggregateError([coded('23505'), new Error('x')])), null)
  })
})

describe('a transaction is run again', () => {
  const again = ['40001', '40P01']
  for (const [code, what] of [...passing, ...bugs]) {
    const expected = again.includes(String(code))
    it(`${expected ? 'after' : 'not after'} ${code}, ${what}`, () => assert.equal(isRetryable(coded(code)), expected))
  }
})
