import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedFailures, isLockedOut } from '../../../src/accounts/domain/lockout.ts'

test('together no more than 100 passwords in a row are tried (NIST SP 800-63B-4, section 3.2.2)', () => {
  assert.equal(allowedFailures.known + allowedFailures.elsewhere, 100)
})

test('where no failure counts nobody is locked out', () => {
  assert.equal(isLockedOut(Number.POSITIVE_INFINITY, null), false)
})

for (const from of ['known', 'elsewhere'] as const) {
  test(`the last of the allowed attempts from such places is tried, and no further one: ${from}`, () => {
    assert.equal(isLockedOut(1, from), false)
    assert.equal(isLockedOut(allowedFailures[from], from), false)
    assert.equal(isLockedOut(allowedFailures[from] + 1, from), true)
  })
}
