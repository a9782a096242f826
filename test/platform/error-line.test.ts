import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../src/kernel/secret.ts'
import { errorLine } from '../../src/platform/error-line.ts'

const row = '(1,a@example.com,$2b$04$hash)'
const ofDatabase = (code: string, members: object = {}) =>
  Object.assign(new Error(`about ${row}`), { severity: 'ERROR', code, ...members })
const shown = (error: unknown) => JSON.stringify(errorLine(error))

const quoting: [what: string, error: Error][] = [
  ['a value that is no number', ofDatabase('22P02')],
  ['what a trigger raises, whatever code it chooses', ofDatabase('40P01', { routine: 'exec_stmt_raise' })],
  ['what a function could not do', ofDatabase('42703', { where: 'PL/pgSQL function f()' })],
  ['a statement that a function made', ofDatabase('23514', { internalQuery: 'SELECT' })],
  ['the cause of another error', new Error('failed', { cause: ofDatabase('22P02') })],
  ['one of several errors', new AggregateError([ofDatabase('P0001')], 'failed')],
]

for (const [what, error] of quoting) {
  test(`${what} is shown without its text, and with its code and its place`, () => {
    const line = shown(error)
    assert.ok(!line.includes(row), line)
    assert.match(line, /"code":"(22P02|40P01|42703|23514|P0001)"/)
    assert.match(line, /error-line\.test\.ts/)
  })
}

test('an error of the database that quotes no value is shown with its text, and with nothing that quotes', () => {
  const carried = { table: 'users', detail: row, hint: row, where: undefined, params: [row], query: row }
  const error = Object.assign(ofDatabase('42P01', carried), { message: 'relation "users" does not exist' })
  error.stack = `error: ${error.message}\n    at here`
  assert.deepEqual(errorLine(error), {
    type: 'Error',
    message: error.message,
    stack: error.stack,
    code: '42P01',
    severity: 'ERROR',
    table: 'users',
  })
})

test('where the server waits or stops, its text is shown in whatever context it was', () => {
  assert.match(shown(ofDatabase('55P03', { where: 'while updating tuple (0,1)' })), /about/)
})

test('any other error is shown with what it carries, but for objects that may be a connection or a request', () => {
  const error = Object.assign(new Error('no way'), {
    syscall: 'connect',
    port: 5432,
    client: { password: 'x' },
    query: 'x',
  })
  const { stack, ...line } = errorLine(Object.assign(error, { key: new Secret('x') })) as Record<string, unknown>
  assert.match(String(stack), /no way/)
  assert.equal(
    JSON.stringify(line),
    '{"type":"Error","message":"no way","syscall":"connect","port":5432,"key":"[secret]"}',
  )
})

test('what is no error is shown as it is, and causes in a circle come to an end', () => {
  assert.equal(errorLine('text'), 'text')
  const error = new Error('round')
  error.cause = error
  assert.ok(shown(error).length < 20_000)
})
