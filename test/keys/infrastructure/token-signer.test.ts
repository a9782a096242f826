import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { beforeEach, describe, it, type TestContext } from 'node:test'
import type { KeyRing, LoadedKey } from '../../../src/keys/application/ports.ts'
import { tokenSignerJws } from '../../../src/keys/infrastructure/token-signer.jws.ts'
import { encodePart } from '../../../src/platform/jwt/compact.ts'
import { compact, decode } from '../../support/forge.ts'

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000)
const kidOf = (letter: string) => letter.repeat(43)
const mac = (kid: string) => (input: string) => createHmac('sha256', kid).update(input).digest()

/** Signs from `activatesAt` until `retiresAt`; its signature is a MAC under its own name. */
const key = (letter: string, activatesAt: number, retiresAt: number | null = null): LoadedKey => ({
  kid: kidOf(letter),
  algorithm: 'ES256',
  publicJwk: {},
  createdAt: at(0),
  activatesAt: at(activatesAt),
  retiresAt: retiresAt === null ? null : at(retiresAt),
  sign: mac(kidOf(letter)),
  verify: (input, signature) => mac(kidOf(letter))(input).equals(signature),
})

let known: LoadedKey[]
let stored: LoadedKey[]
let readings: number
const ring: KeyRing = {
  keys: () => known,
  loadedAt: () => at(0),
  async reload() {
    readings++
    known = stored
  },
}
const signer = (now: number) => tokenSignerJws({ ring, clock: () => at(now), tail: 65 })
const headerOf = (letter: string, typ = 'at+jwt') => ({ alg: 'ES256', typ, kid: kidOf(letter) })
const tokenOf = (letter: string, claims: unknown = { sub: '1' }) =>
  compact(headerOf(letter), claims, mac(kidOf(letter)))

beforeEach(() => {
  known = [key('a', 0, 100), key('b', 100)]
  stored = known
  readings = 0
})

describe('a token', () => {
  it('bears the algorithm, the type and the name of the key that is active, and nothing else', () => {
    assert.equal(signer(50).sign('at+jwt', { sub: '1' }), tokenOf('a'))
    assert.deepEqual(decode(signer(100).sign('id+jwt', {})).header, headerOf('b', 'id+jwt'))
  })

  it('of each type has a header of its own, also when one key writes both', () => {
    const both = signer(50)
    assert.deepEqual(
      ['at+jwt', 'id+jwt', 'at+jwt'].map((typ) => decode(both.sign(typ, {})).header),
      ['at+jwt', 'id+jwt', 'at+jwt'].map((typ) => headerOf('a', typ)),
    )
  })

  it('is not signed while no key is active', () => {
    known = [key('b', 100)]
    assert.throws(() => signer(50).sign('at+jwt', {}), { message: 'no signing key is active' })
  })

  it('verifies under every published key, also one that is still to sign, until its key is gone', async () => {
    for (const [letter, now, live] of [
      ['a', 50, true],
      ['b', 50, true],
      ['a', 164, true],
      ['a', 165, false],
    ] as const) {
      const claims = await signer(now).verify('at+jwt', tokenOf(letter))
      assert.deepEqual(claims, live ? { sub: '1' } : null, `${letter} at ${now}`)
    }
    assert.equal(readings, 0)
  })

  const refused: [what: string, token: string][] = [
    ['no token', 'text'],
    ['of another type', compact(headerOf('a', 'id+jwt'), {}, mac(kidOf('a')))],
    ['signed by another than the key that it names', compact(headerOf('a'), {}, mac(kidOf('b')))],
    ['whose claims are no object', tokenOf('a', 'text')],
  ]
  for (const [what, token] of refused) {
    it(`is refused: ${what}`, async () => assert.equal(await signer(50).verify('at+jwt', token), null))
  }
})

describe('a token that was found genuine', () => {
  let checks: number
  let now: number
  /** The signer, and how often a signature was checked since then. */
  function counting(atMost?: number) {
    checks = 0
    now = 50
    known = known.map((one) => ({
      ...one,
      verify(input, signature) {
        checks++
        return one.verify(input, signature)
      },
    }))
    return tokenSignerJws({ ring, clock: () => at(now), tail: 65, ...(atMost !== undefined && { atMost }) })
  }

  it('is remembered: its signature is checked once', async () => {
    const own = counting()
    for (let time = 0; time < 3; time++) assert.deepEqual(await own.verify('at+jwt', tokenOf('a')), { sub: '1' })
    assert.equal(checks, 1)
  })

  it('is refused as soon as its key is withdrawn, and taken again when the key is back', async () => {
    const own = counting()
    await own.verify('at+jwt', tokenOf('a'))
    const before = known
    known = known.filter(({ kid }) => kid !== kidOf('a'))
    stored = known
    assert.equal(await own.verify('at+jwt', tokenOf('a')), null)
    known = before
    assert.deepEqual(await own.verify('at+jwt', tokenOf('a')), { sub: '1' })
  })

  it('is refused as soon as its key is gone, as the times of the key are then', async () => {
    const own = counting()
    await own.verify('at+jwt', tokenOf('a'))
    now = 164
    assert.deepEqual(await own.verify('at+jwt', tokenOf('a')), { sub: '1' })
    now = 165
    assert.equal(await own.verify('at+jwt', tokenOf('a')), null)
    known = known.map((one) => ({ ...one, retiresAt: null }))
    assert.deepEqual(await own.verify('at+jwt', tokenOf('a')), { sub: '1' })
    assert.equal(checks, 1)
  })

  it('is not taken for one of another type, nor is a text that decodes to it', async () => {
    const own = counting()
    const token = tokenOf('a')
    await own.verify('at+jwt', token)
    for (const other of [`${token}=`, `${token} `, ` ${token}`, token.replace('.', '..')]) {
      assert.equal(await own.verify('at+jwt', other), null, other)
    }
    assert.equal(await own.verify('id+jwt', token), null)
    assert.equal(checks, 1)
  })

  it('lends its signature to no other text', async () => {
    const own = counting()
    const [header, , signature] = tokenOf('a').split('.')
    await own.verify('at+jwt', tokenOf('a'))
    for (let time = 0; time < 2; time++) {
      assert.equal(await own.verify('at+jwt', `${header}.${encodePart({ sub: '2' })}.${signature}`), null)
    }
    assert.deepEqual(await own.verify('at+jwt', tokenOf('a')), { sub: '1' })
    assert.equal(checks, 3)
  })

  it('is not remembered when its signature is false', async () => {
    const own = counting()
    const forged = compact(headerOf('a'), {}, mac(kidOf('b')))
    for (let time = 0; time < 2; time++) assert.equal(await own.verify('at+jwt', forged), null)
    assert.equal(checks, 2)
  })

  it('is forgotten once as many others as may be remembered were shown since', async () => {
    const own = counting(4)
    for (const sub of [0, 1, 2, 3, 4]) await own.verify('at+jwt', tokenOf('a', { sub }))
    assert.equal(checks, 5)
    await own.verify('at+jwt', tokenOf('a', { sub: 0 }))
    assert.equal(checks, 6)
  })

  it('is not forgotten for one that is shown again and again', async () => {
    const own = counting(4)
    for (const sub of [0, 1, 0, 0, 2, 3, 1]) await own.verify('at+jwt', tokenOf('a', { sub }))
    assert.equal(checks, 4)
  })

  it('is forgotten for others when it was not shown for a while, and not before', async () => {
    const own = counting(4)
    const tokens = Array.from({ length: 6 }, (_, sub) => tokenOf('a', { sub }))
    const show = (number: number) => own.verify('at+jwt', tokens[number] ?? '')
    for (const number of [0, 1, 2, 0, 3, 0, 3, 4, 0, 5, 0]) await show(number)
    assert.equal(checks, 6)
    await show(1)
    assert.equal(checks, 7)
    await show(0)
    assert.equal(checks, 7)
  })
})

describe('a key that nobody here has seen', () => {
  /** The time that the cool-down is measured in, in milliseconds; it moves when a test says so. */
  function stopTime(context: TestContext) {
    let now = 1000
    context.mock.method(performance, 'now', () => now)
    context.mock.timers.enable({ apis: ['setTimeout'] })
    syncBuiltinESMExports()
    context.after(() => {
      context.mock.timers.reset()
      syncBuiltinESMExports()
    })
    return async (milliseconds: number) => {
      now += milliseconds
      context.mock.timers.tick(milliseconds)
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    }
  }

  it('is looked for once more, and verifies from then on', async () => {
    stored = [...known, key('c', 0)]
    assert.deepEqual(await signer(50).verify('at+jwt', tokenOf('c')), { sub: '1' })
    assert.equal(readings, 1)
  })

  it('is refused when it is not there then either', async () => {
    assert.equal(await signer(50).verify('at+jwt', tokenOf('x')), null)
    assert.equal(readings, 1)
  })

  const strange: [what: string, header: unknown][] = [
    ['a header with more in it', { ...headerOf('x'), jku: 'https://x.example' }],
    ['a header in another order', { typ: 'at+jwt', alg: 'ES256', kid: kidOf('x') }],
    ['something before it', ` ${JSON.stringify(headerOf('x'))}`],
    ['something after it', `${JSON.stringify(headerOf('x'))} `],
    ['an algorithm of another length', { ...headerOf('x'), alg: 'none' }],
    ['an algorithm of other letters', { ...headerOf('x'), alg: 'ES-56' }],
    ['no type', { ...headerOf('x'), typ: '' }],
    ['a type of other letters', { ...headerOf('x'), typ: 'AT+JWT' }],
    ['a kid that is no thumbprint', { ...headerOf('x'), kid: 'x' }],
    ['a kid of other letters', { ...headerOf('x'), kid: `${'x'.repeat(42)}.` }],
    ['no kid', { alg: 'ES256', typ: 'at+jwt' }],
    ['what is no header', 'text'],
  ]
  for (const [what, header] of strange) {
    it(`is not looked for on the word of ${what}`, async () => {
      assert.equal(await signer(50).verify('at+jwt', compact(header, {}, mac('x'))), null)
      assert.equal(readings, 0)
    })
  }

  for (const typ of ['at+jwt', 'jwt']) {
    it(`is looked for on the word of a header that this service may have written, of the type ${typ}`, async () => {
      await signer(50).verify(typ, compact(headerOf('x', typ), {}, mac('x')))
      assert.equal(readings, 1)
    })
  }

  it('makes this process read at most once in 25 ms, and who comes sooner waits for that', async (context) => {
    const pass = stopTime(context)
    const one = signer(50)
    await one.verify('at+jwt', tokenOf('x'))
    await pass(10)
    const second = one.verify('at+jwt', tokenOf('y'))
    await pass(14)
    assert.equal(readings, 1)
    await pass(1)
    assert.equal(readings, 2)
    assert.equal(await second, null)
    // The 25 ms count from the last reading.
    const third = one.verify('at+jwt', tokenOf('y'))
    await pass(24)
    assert.equal(readings, 2)
    await pass(1)
    assert.equal(readings, 3)
    await third
  })

  it('is not looked for again by who waited, when another reading has found it meanwhile', async (context) => {
    const pass = stopTime(context)
    const one = signer(50)
    await one.verify('at+jwt', tokenOf('x'))
    const second = one.verify('at+jwt', tokenOf('c'))
    known = [...known, key('c', 0)]
    await pass(25)
    assert.deepEqual(await second, { sub: '1' })
    assert.equal(readings, 1)
  })

  it('waits for nothing when the last reading is 25 ms ago', async (context) => {
    const pass = stopTime(context)
    const one = signer(50)
    await one.verify('at+jwt', tokenOf('x'))
    await pass(25)
    await one.verify('at+jwt', tokenOf('y'))
    assert.equal(readings, 2)
  })
})
