import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LoadedKey } from '../../../src/keys/application/ports.ts'
import { publishKeys } from '../../../src/keys/application/publish-keys.ts'
import { at, loaded, schedule } from '../sample.ts'

/** The JWKS at a moment, of keys that were read at 0. */
const published = (keys: LoadedKey[], now = 0) => {
  const ring = { keys: () => keys, loadedAt: () => at(0), reload: async () => undefined }
  return publishKeys({ ring, clock: () => at(now), schedule, skew: 5 })()
}

describe('the JWK Set', () => {
  it('shows of each key its public half, its name, its use and its one algorithm', () => {
    assert.deepEqual(published([loaded('x', 0)]).set, {
      keys: [{ kty: 'EC', x: 'x', kid: 'x', use: 'sig', alg: 'ES256' }],
    })
  })

  it('shows the keys that are next, active and retired, and none that is gone', () => {
    const keys = [loaded('gone', -200, -65), loaded('retired', -200, -64), loaded('active', -64), loaded('next', 100)]
    assert.deepEqual(
      published(keys).set.keys.map(({ kid }) => kid),
      ['retired', 'active', 'next'],
    )
  })

  it('may be kept as long as no key can sign that is not in it', () => {
    assert.equal(published([], 0).maxAge, 60)
    assert.equal(published([], 64).maxAge, 1)
  })

  it('is refused when the keys were last read so long ago that one may be missing', () => {
    assert.throws(() => published([], 65), {
      name: 'Refusal',
      code: 'database_unavailable',
      because: 'the keys could not be read for too long',
    })
  })
})
