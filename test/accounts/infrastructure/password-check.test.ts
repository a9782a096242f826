import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { acceptHash } from '../../../src/accounts/domain/accept-hash.ts'
import { type Bcrypt, workOf } from '../../../src/accounts/infrastructure/bcrypt-hash.ts'
import { createPasswordCheck } from '../../../src/accounts/infrastructure/password-check.ts'
import { createPasswordHasher } from '../../../src/accounts/infrastructure/password-hasher.bcrypt.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { vectors } from '../hash-vectors.ts'

const secret = (password: string) => new Secret(password)

function storedOf(hash: string): string {
  const verdict = acceptHash(12)(hash)
  assert.equal(verdict.kind, 'accepted')
  return verdict.kind === 'accepted' ? verdict.stored : ''
}

function hasher(t: TestContext) {
  const made = createPasswordHasher({ cost: 5, workers: 1, deadlineMs: 60_000 })
  t.after(() => made.close())
  return made
}

describe('a hash of another system', () => {
  for (const [source, password, hash] of vectors) {
    it(`is matched by its password alone, and then outdated: ${source}`, async (t) => {
      const { verify } = hasher(t)
      const stored = storedOf(hash)
      assert.deepEqual(await verify(secret(password), stored), { matches: true, outdated: true })
      for (const other of [`${password}x`, '', password.toUpperCase()])
        assert.deepEqual(await verify(secret(other), stored), { matches: false, outdated: false })
    })
  }

  it('of better-auth is of the normalized password', async (t) => {
    const { scryptSync } = await import('node:crypto')
    const salt = 'ab'.repeat(16)
    const digest = scryptSync('ﬁrst half ½', salt, 64, { N: 16384, r: 16, p: 1, maxmem: 1 << 27 })
    const normalized = scryptSync('ﬁrst half ½'.normalize('NFKC'), salt, 64, { N: 16384, r: 16, p: 1, maxmem: 1 << 27 })
    const { verify } = hasher(t)
    const of = (bytes: Buffer) => storedOf(`${salt}:${bytes.toString('hex')}`)
    assert.equal((await verify(secret('ﬁrst half ½'), of(normalized))).matches, true)
    assert.equal((await verify(secret('ﬁrst half ½'), of(digest))).matches, false)
  })

  it('is matched by no password with NUL or half a surrogate pair, and by none beyond 4096 bytes', async (t) => {
    const { pbkdf2Sync } = await import('node:crypto')
    const { verify } = hasher(t)
    const of = (password: string) =>
      `$pbkdf2-sha256$i=10$c2FsdA$${pbkdf2Sync(password, 'salt', 10, 32, 'sha256').toString('base64').replace('=', '')}`
    assert.equal((await verify(secret('a'.repeat(4096)), of('a'.repeat(4096)))).matches, true)
    for (const odd of ['zq8-\0vk3m', 'zq8-vk3m\ud83d', 'a'.repeat(4097)])
      assert.equal((await verify(secret(odd), of(odd))).matches, false)
  })

  it('of phpass is matched by no password beyond 1024 bytes, and counts as one of so many', async (t) => {
    const { hash } = await import('node:crypto')
    const { verify } = hasher(t)
    const of = (password: string) => {
      const md5 = (first: Buffer) => hash('md5', Buffer.concat([first, Buffer.from(password)]), 'buffer')
      let sum = md5(Buffer.from('saltsalt'))
      for (let round = 0; round < 2 ** 7; round++) sum = md5(sum)
      const text = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
      return `$phpass$ln=7$${text(Buffer.from('saltsalt'))}$${text(sum)}`
    }
    for (const [length, matches] of [
      [1024, true],
      [1025, false],
    ] as const) {
      const password = 'a'.repeat(length)
      assert.equal((await verify(secret(password), of(password))).matches, matches)
    }
    const text = of('a')
    assert.equal(workOf(text.replace('ln=7', 'ln=16'), 4), 2 ** 16 / 20 / 2 ** 4)
  })

  it('counts by its own work where that is more than a hash of today', () => {
    const pbkdf2 = (iterations: number) => `$pbkdf2-sha256$i=${iterations}$c2FsdA$${'A'.repeat(43)}`
    assert.equal(workOf(pbkdf2(1000), 10), 1)
    assert.equal(workOf(pbkdf2(1024 * 400 * 3), 10), 3)
  })
})

describe('a refusal', () => {
  const perRound = 0.1
  const stored = `$pbkdf2-sha256$i=1000$c2FsdA$${'A'.repeat(43)}`
  const lanes = `$argon2id$v=19$m=1024,t=1,p=4$c29tZXNhbHQ$${'A'.repeat(43)}`

  /** A thread in which time passes by hashing alone: so much a round, and so much for a hash of others. */
  function thread(foreign: { cpu: number; wall: number }) {
    const at = { cpu: 0, wall: 0 }
    let stretch = 1
    const bcrypt: Bcrypt = {
      salt: () => assert.fail(),
      hash: (_, salt) => {
        const ms = 2 ** Number(salt.slice(4, 6)) * perRound
        at.cpu += ms
        at.wall += ms * stretch
        return 'x'.repeat(60)
      },
    }
    const foreignDigest = () => {
      at.cpu += foreign.cpu
      at.wall += foreign.wall * stretch
      return Buffer.alloc(32, 1)
    }
    const check = createPasswordCheck({ bcrypt, foreignDigest, spent: () => ({ ...at }) })
    return {
      stretch: (by: number) => {
        stretch = by
      },
      /** How long a refusal takes. */
      refuse(hash: string | null) {
        const from = { ...at }
        assert.equal(check('wrong', hash, 10).matches, false)
        return { cpu: at.cpu - from.cpu, wall: at.wall - from.wall }
      },
    }
  }

  for (const cpu of [0, 1, 33.3, 100]) {
    it(`takes an ordinary hash's time where the other hash takes ${cpu} of 102 ms`, () => {
      const { refuse } = thread({ cpu, wall: cpu })
      const ordinary = refuse(null)
      const foreign = refuse(stored)
      assert.ok(Math.abs(foreign.cpu - ordinary.cpu) <= 16 * perRound, `${foreign.cpu} of ${ordinary.cpu}`)
    })
  }

  it('takes as long as all others on a machine that has grown busy', () => {
    const { refuse, stretch } = thread({ cpu: 50, wall: 50 })
    refuse(null)
    stretch(3)
    const [foreign, ordinary] = [refuse(stored), refuse(null)]
    assert.ok(Math.abs(foreign.wall - ordinary.wall) <= 3 * 16 * perRound)
  })

  it('counts lanes by the time of day, for their work is done in other threads', () => {
    const { refuse } = thread({ cpu: 5, wall: 40 })
    const ordinary = refuse(null)
    assert.ok(Math.abs(refuse(lanes).wall - ordinary.wall) <= 16 * perRound)
  })

  it('takes the other hash’s own time where that is longer', () => {
    const { refuse } = thread({ cpu: 500, wall: 500 })
    refuse(null)
    assert.deepEqual(refuse(stored), { cpu: 500, wall: 500 })
  })

  for (const cpu of [0, 20, 90]) {
    it(`takes an ordinary hash's time also where it is the thread's first job, with ${cpu} of 102 ms`, () => {
      const { refuse } = thread({ cpu, wall: cpu })
      for (const time of ['first', 'second']) {
        const took = refuse(stored).cpu
        assert.ok(Math.abs(took - 102.4) <= 16 * perRound, `${time}: ${took}`)
      }
    })
  }
})
