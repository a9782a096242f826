import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadKeys } from '../../../src/keys/application/load-keys.ts'
import type { StoredKey, Vault } from '../../../src/keys/application/ports.ts'
import { resealKeys } from '../../../src/keys/application/reseal-keys.ts'
import { transcript } from '../../support/transcript.ts'
import { at, keyStore, loaded, maker, stored, vaultOf } from '../sample.ts'

/** Opens stored keys, and notes those that could not be opened. */
function loading(keys: StoredKey[], vault: Vault) {
  const script = transcript()
  const onUnopened = (kid: string) => script.did('unopened', kid)
  return { script, load: loadKeys({ keys: keyStore(script, keys), vault, maker, onUnopened }) }
}
const half = (key: { sign(input: string): Buffer } | undefined) => key?.sign('').toString()

describe('the keys that a process opens', () => {
  it('are all that are stored, in their order, each with its own private half', async () => {
    const { script, load } = loading([stored('x', 0), stored('y', 10)], vaultOf('a'))
    const keys = await load([])
    assert.deepEqual(
      keys.map((key) => [key.kid, key.activatesAt, half(key)]),
      [
        ['x', at(0), 'private half of x'],
        ['y', at(10), 'private half of y'],
      ],
    )
    assert.deepEqual(script.lines, [['list']])
  })

  it('are not opened again when they are known: only their times are read', async () => {
    const known = [loaded('x', 0), loaded('y', 1000)]
    const { load } = loading([stored('y', 500), stored('x', 0, 500)], vaultOf('other'))
    assert.deepEqual(await load(known), [
      { ...known[1], activatesAt: at(500), retiresAt: null },
      { ...known[0], activatesAt: at(0), retiresAt: at(500) },
    ])
  })

  it('stop a start when one of them was sealed under another secret key', async () => {
    const { script, load } = loading([stored('x', 0)], vaultOf('other'))
    await assert.rejects(load([]), {
      name: 'WrongSecretKey',
      message: 'SECRET_KEY is not the one under which the signing keys in the database were sealed.',
    })
    assert.deepEqual(script.lines, [['list']])
  })

  it('still verify when another replica sealed one later under a key that is not known here, and that is told', async () => {
    const { script, load } = loading([stored('x', 0), stored('y', 10)], vaultOf('other'))
    const keys = await load([loaded('x', 0)])
    assert.deepEqual(keys.map(half), ['a/x/private half of x', 'none'])
    assert.deepEqual(script.lines, [['list'], ['unopened', 'y']])
  })

  it('tell of none that opens', async () => {
    const { script, load } = loading([stored('x', 0), stored('y', 10)], vaultOf('a'))
    assert.equal(half((await load([loaded('x', 0)]))[1]), 'private half of y')
    assert.deepEqual(script.lines, [['list']])
  })
})

describe('keys that the previous secret key had sealed', () => {
  const resealing = (vault: Vault, keys: StoredKey[]) => {
    const script = transcript()
    return { script, reseal: resealKeys({ keys: keyStore(script, keys), vault }) }
  }
  const sealed = (kid: string, by: string) => ({
    ...stored(kid, 0),
    sealedPrivateKey: Buffer.from(`${by}/${kid}/half`),
  })

  it('are sealed anew, counted, and the others left alone', async () => {
    const keys = [sealed('x', 'a'), sealed('y', 'b'), sealed('z', 'a')]
    const { script, reseal } = resealing(vaultOf('b', 'a'), keys)
    assert.equal(await reseal(), 2)
    assert.deepEqual(script.lines, [
      ['list'],
      ['reseal', 'x', 'a/x/half', 'b/x/half'],
      ['reseal', 'z', 'a/z/half', 'b/z/half'],
    ])
  })

  it('stay as they are, uncounted, where they open under neither', async () => {
    const { script, reseal } = resealing(vaultOf('b', 'a'), [sealed('x', 'c'), sealed('y', 'a')])
    assert.equal(await reseal(), 1)
    assert.deepEqual(script.lines, [['list'], ['reseal', 'y', 'a/y/half', 'b/y/half']])
  })
})
