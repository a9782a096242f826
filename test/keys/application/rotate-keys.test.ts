import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KeyMaker, StoredKey } from '../../../src/keys/application/ports.ts'
import { rotateKeys } from '../../../src/keys/application/rotate-keys.ts'
import { withdrawKey } from '../../../src/keys/application/withdraw-key.ts'
import type { Algorithm } from '../../../src/keys/domain/signing-key.ts'
import { transcript } from '../../support/transcript.ts'
import { at, keyStore, maker, schedule, stored, vaultOf } from '../sample.ts'

/** The use cases at a moment, over keys as they are before and under the lock. */
function rotating(now: number, before: StoredKey[], locked = before, algorithm: Algorithm = 'ES256') {
  const script = transcript()
  const making: KeyMaker = {
    ...maker,
    async generate(of) {
      script.did('generate', of)
      return maker.generate(of)
    },
  }
  const deps = {
    ...{ audit: script.audit, transact: script.transact, clock: () => at(now) },
    ...{ keys: keyStore(script, before, locked), vault: vaultOf('a'), maker: making, schedule, algorithm },
  }
  return { script, rotate: rotateKeys(deps), withdraw: withdrawKey(deps) }
}

const recorded = (kind: string, now: number, subject: string) => [
  'recorded',
  { kind, at: at(now), userId: null, sessionId: null, caller: null, subject },
]
/** The key that is made, as it is kept: its private half sealed, bound to its name, under the present secret key. */
const made = (createdAt: number, activatesAt: number, algorithm: Algorithm = 'ES256') => ({
  ...{ kid: 'made', algorithm, publicJwk: { kty: 'EC', x: 'made' }, retiresAt: null },
  ...{ createdAt: at(createdAt), activatesAt: at(activatesAt), sealedPrivateKey: Buffer.from('a/made/half') },
})

describe('a rotation', () => {
  it('takes no lock and makes no key when there is nothing to do', async () => {
    const { script, rotate } = rotating(500, [stored('a', 0)])
    assert.equal(await rotate(), false)
    assert.deepEqual(script.lines, [['list']])
  })

  it('at the first start makes a key that signs at once, on record, made before the lock is taken', async () => {
    const { script, rotate } = rotating(10, [])
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines, [
      ['list'],
      ['generate', 'ES256'],
      'begin',
      ['lock'],
      ['remove', []],
      ['insert', made(10, 10)],
      recorded('key_created', 10, 'made'),
      'commit',
    ])
  })

  it('that is due makes the successor, and says when the active key signs no more', async () => {
    const { script, rotate } = rotating(930, [stored('a', 0)])
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines.slice(4), [
      ['remove', []],
      ['reschedule', 'a', { retiresAt: at(1000) }],
      ['insert', made(930, 1000)],
      recorded('key_created', 930, 'made'),
      'commit',
    ])
  })

  it('in a hurry makes the successor before it is due', async () => {
    const { script, rotate } = rotating(500, [stored('a', 0)])
    assert.equal(await rotate(true), true)
    assert.deepEqual(script.lines.at(-3), ['insert', made(500, 570)])
  })

  it('to another algorithm makes a key of that', async () => {
    const { script, rotate } = rotating(500, [stored('a', 0)], undefined, 'EdDSA')
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines.slice(1, 2), [['generate', 'EdDSA']])
    assert.deepEqual(script.lines.at(-3), ['insert', made(500, 570, 'EdDSA')])
  })

  it('removes the keys that are gone, each on record, and makes none', async () => {
    const gone = [stored('old', 0, 100), stored('older', 0, 90)]
    const { script, rotate } = rotating(500, [...gone, stored('a', 100)])
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines.slice(4), [
      ['remove', ['old', 'older']],
      recorded('key_removed', 500, 'old'),
      recorded('key_removed', 500, 'older'),
      'commit',
    ])
  })

  it('lets the announced key sign at once when nothing else can', async () => {
    const { script, rotate } = rotating(500, [stored('b', 550)])
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines.slice(4), [['remove', []], ['reschedule', 'b', { activatesAt: at(500) }], 'commit'])
  })

  it('lets the active key sign on when its successor is gone', async () => {
    const { script, rotate } = rotating(500, [stored('a', 0, 1000)])
    assert.equal(await rotate(), true)
    assert.deepEqual(script.lines.slice(4), [['remove', []], ['reschedule', 'a', { retiresAt: null }], 'commit'])
  })

  it('that another replica did meanwhile is found done under the lock', async () => {
    const { script, rotate } = rotating(930, [stored('a', 0)], [stored('a', 0, 1000), stored('b', 1000)])
    assert.equal(await rotate(), false)
    assert.deepEqual(script.lines.slice(3), [['lock'], ['remove', []], 'commit'])
  })
})

describe('the withdrawal of a key', () => {
  it('that signs puts a new key in its place at once, both on record, in one transaction', async () => {
    const { script, withdraw } = rotating(500, [stored('a', 0)])
    await withdraw('a')
    assert.deepEqual(script.lines, [
      ['generate', 'ES256'],
      'begin',
      ['lock'],
      ['remove', ['a']],
      recorded('key_withdrawn', 500, 'a'),
      ['remove', []],
      ['insert', made(500, 500)],
      recorded('key_created', 500, 'made'),
      'commit',
    ])
  })

  it('whose successor is announced lets that sign at once', async () => {
    const { script, withdraw } = rotating(950, [stored('a', 0, 1000), stored('b', 1000)])
    await withdraw('a')
    assert.deepEqual(script.lines.slice(-2), [['reschedule', 'b', { activatesAt: at(950) }], 'commit'])
  })

  it('that was announced lets the active key sign on', async () => {
    const { script, withdraw } = rotating(500, [stored('a', 0, 1000), stored('b', 1000)])
    await withdraw('b')
    assert.deepEqual(script.lines.slice(-2), [['reschedule', 'a', { retiresAt: null }], 'commit'])
  })

  it('that does not exist is not found, and changes nothing', async () => {
    const { script, withdraw } = rotating(500, [stored('a', 0)])
    await assert.rejects(withdraw('b'), {
      name: 'Refusal',
      code: 'not_found',
      because: 'no signing key has this kid',
    })
    assert.deepEqual(script.lines, [['generate', 'ES256'], 'begin', ['lock'], 'commit'])
  })
})
