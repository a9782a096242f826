// GHSA-mh63-6h87-95cp (golang-jwt): a header of dots alone was split at each, and cost sixteen bytes for every one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitCompact as splitHere } from '../../src/platform/jwt/compact.ts'
import { splitCompact as splitElsewhere } from '../../src/verify/compact.ts'
import { part } from '../support/forge.ts'

test('a token of a million dots is refused before anything is made of its parts', (t) => {
  const longest = (method: 'split' | 'slice' | 'replaceAll') => {
    const { mock } = t.mock.method(String.prototype, method)
    return () => Math.max(0, ...mock.calls.map((call) => String(call.this).length))
  }
  const cut = [longest('split'), longest('slice'), longest('replaceAll')]
  const header = part({ alg: 'ES256', typ: 'at+jwt', kid: 'x' })
  for (const token of ['.'.repeat(1 << 20), `${header}.${'.'.repeat(1 << 20)}`, `${header}${'.a'.repeat(1 << 19)}`]) {
    assert.equal(splitHere(token), null)
    assert.throws(() => splitElsewhere(token, 'at+jwt'), { code: 'malformed' })
  }
  for (const most of cut) assert.ok(most() < 5_000, `a text of ${most()} characters was taken apart`)
})
