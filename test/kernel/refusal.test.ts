import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../../src/kernel/refusal.ts'

test('a refusal is an error that bears its code', () => {
  const refusal = new Refusal('invalid_token')
  assert.ok(refusal instanceof Error)
  assert.equal(refusal.name, 'Refusal')
  assert.equal(refusal.code, 'invalid_token')
  assert.equal(refusal.message, 'invalid_token')
  assert.match(refusal.stack ?? '', /refusal\.test/)
})

test('without details it has none, and no cause', () => {
  const { because, errors, retryAfter, ...rest } = new Refusal('not_found')
  assert.deepEqual([because, errors, retryAfter], [undefined, undefined, undefined])
  assert.ok(!('cause' in rest))
  assert.ok(!Object.hasOwn(new Refusal('not_found'), 'cause'))
})

test('it keeps the exact reason, the fields, the wait and the cause', () => {
  const errors = [{ field: 'email', code: 'required', message: 'This field is required.' }]
  const cause = new Error('below')
  const refusal = new Refusal('overloaded', { because: 'queue full', errors, retryAfter: 3, cause })
  assert.equal(refusal.because, 'queue full')
  assert.equal(refusal.errors, errors)
  assert.equal(refusal.retryAfter, 3)
  assert.equal(refusal.cause, cause)
})

test('the message is the code alone: the exact reason is not for the client', () => {
  assert.equal(new Refusal('invalid_credentials', { because: 'unknown e-mail' }).message, 'invalid_credentials')
})
