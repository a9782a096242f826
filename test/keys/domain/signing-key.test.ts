import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Phase, phaseOf, type SigningKey, signerAmong } from '../../../src/keys/domain/signing-key.ts'

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000)
const tail = 65

/** A key that is made at 0, signs from 100 on, and no more from 200 on. */
const key = (change: Partial<SigningKey> = {}): SigningKey => ({
  kid: 'a',
  algorithm: 'ES256',
  publicJwk: {},
  createdAt: at(0),
  activatesAt: at(100),
  retiresAt: at(200),
  ...change,
})

const life: [what: string, now: number, phase: Phase][] = [
  ['on a clock that is behind its making', -10, 'next'],
  ['when it is made', 0, 'next'],
  ['in the last millisecond before it signs', 99.999, 'next'],
  ['from its first moment of signing on', 100, 'active'],
  ['in its last millisecond of signing', 199.999, 'active'],
  ['from its retirement on', 200, 'retired'],
  ['while its last token may live', 264.999, 'retired'],
  ['when its last token is dead', 265, 'gone'],
  ['long after', 10_000, 'gone'],
]

describe('the phase of a key', () => {
  for (const [what, now, phase] of life) {
    it(`is ${phase} ${what}`, () => assert.equal(phaseOf(key(), at(now), tail), phase))
  }

  it('stays active while no successor is known', () => {
    assert.equal(phaseOf(key({ retiresAt: null }), at(1_000_000), tail), 'active')
  })

  it('is never active for a key that was to retire before it signs', () => {
    const never = key({ activatesAt: at(200), retiresAt: at(200) })
    assert.deepEqual(
      [199, 200, 264, 265].map((now) => phaseOf(never, at(now), tail)),
      ['next', 'retired', 'retired', 'gone'],
    )
  })

  it('is gone at once where tokens leave no tail', () => assert.equal(phaseOf(key(), at(200), 0), 'gone'))
})

describe('the key that signs', () => {
  const signer = (keys: readonly SigningKey[], now: number) => signerAmong(keys, at(now), tail)?.kid

  it('is none among none, and none among keys that are not active', () => {
    assert.equal(signer([], 150), undefined)
    assert.equal(signer([key({ activatesAt: at(151), retiresAt: null }), key({ retiresAt: at(150) })], 150), undefined)
  })

  it('changes from one to its successor without a gap and without a moment of two', () => {
    const [old, young] = [key({ kid: 'old', activatesAt: at(0), retiresAt: at(100) }), key({ kid: 'young' })]
    assert.equal(signer([old, young], 99.999), 'old')
    assert.equal(signer([old, young], 100), 'young')
  })

  it('is the one that became active last, whichever was made last', () => {
    const [early, late] = [key({ kid: 'early', createdAt: at(50) }), key({ kid: 'late', activatesAt: at(101) })]
    assert.equal(signer([early, late], 150), 'late')
    assert.equal(signer([late, early], 150), 'late')
  })

  it('is the same everywhere among keys that are equally young, in whatever order they come', () => {
    const some = ['c', 'a', 'b'].map((kid) => key({ kid }))
    assert.equal(signer(some, 150), 'a')
    assert.equal(signer(some.toReversed(), 150), 'a')
  })

  it('leaves the list that it was given as it was', () => {
    const some = [key({ kid: 'b' }), key({ kid: 'a' })]
    signer(Object.freeze(some), 150)
    assert.deepEqual(
      some.map(({ kid }) => kid),
      ['b', 'a'],
    )
  })
})
