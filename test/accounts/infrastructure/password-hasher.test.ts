import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { hashSync } from '@node-rs/bcrypt'
import { type Bcrypt, hashPassword, verifyPassword, workOf } from '../../../src/accounts/infrastructure/bcrypt-hash.ts'
import { nativeBcrypt } from '../../../src/accounts/infrastructure/bcrypt-native.ts'
import {
  createPasswordHasher,
  type PasswordHasherOptions,
} from '../../../src/accounts/infrastructure/password-hasher.bcrypt.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'

const secret = (password: string) => new Secret(password)

function hasher(t: TestContext, options: Partial<PasswordHasherOptions> = {}) {
  const made = createPasswordHasher({ cost: 4, workers: 1, deadlineMs: 30_000, ...options })
  t.after(() => made.close())
  return made
}

/** bcrypt that counts: the costs of all hashes that were made, in their order. */
function counting() {
  const costs: number[] = []
  const bcrypt: Bcrypt = {
    salt: nativeBcrypt.salt,
    hash: (key, salt) => {
      costs.push(Number(salt.slice(4, 6)))
      return nativeBcrypt.hash(key, salt)
    },
  }
  return { bcrypt, costs }
}

const rounds = (costs: number[]) => costs.reduce((sum, cost) => sum + 2 ** cost, 0)

describe('hash and verify', () => {
  test('a password matches its own hash and no other does', async (t) => {
    const { hash, verify } = hasher(t)
    const stored = await hash(secret('correct horse'))
    assert.match(stored, /^\$2b\$04\$[./A-Za-z0-9]{53}$/)
    assert.deepEqual(await verify(secret('correct horse'), stored), { matches: true, outdated: false })
    for (const other of ['Correct horse', 'correct horse ', 'correct hors', '', 'correct horsf']) {
      assert.deepEqual(await verify(secret(other), stored), { matches: false, outdated: false })
    }
  })

  test('two hashes of one password differ', async (t) => {
    const { hash } = hasher(t)
    assert.notEqual(await hash(secret('correct horse')), await hash(secret('correct horse')))
  })

  test('a password is verified as it was received: NFC and NFD are two', async (t) => {
    const { hash, verify } = hasher(t)
    const stored = await hash(secret('caf\u00e9 au lait'))
    assert.equal((await verify(secret('cafe\u0301 au lait'), stored)).matches, false)
  })

  for (const [what, password, scheme] of [
    ['71 bytes', 'a'.repeat(71), '$2b$04$'],
    ['72 bytes', 'a'.repeat(72), '$2b$04$'],
    ['73 bytes', 'a'.repeat(73), '$bcrypt-sha256$v=2,t=2b,r=4$'],
    ['36 letters of 2 bytes', 'é'.repeat(36), '$2b$04$'],
    ['a letter of 2 bytes across byte 72', `${'a'.repeat(71)}é`, '$bcrypt-sha256$v=2,t=2b,r=4$'],
    ['a letter of 4 bytes across byte 72', `${'a'.repeat(70)}🔑`, '$bcrypt-sha256$v=2,t=2b,r=4$'],
    ['256 letters of 4 bytes', '🔑'.repeat(256), '$bcrypt-sha256$v=2,t=2b,r=4$'],
  ] as const) {
    test(`${what}: stored as ${scheme}, and every character counts`, async (t) => {
      const { hash, verify } = hasher(t)
      const stored = await hash(secret(password))
      assert.ok(stored.startsWith(scheme), stored)
      assert.deepEqual(await verify(secret(password), stored), { matches: true, outdated: false })
      const letters = [...password]
      for (const other of [`${password}x`, `${letters.slice(0, -1).join('')}x`, letters.slice(0, -1).join('')]) {
        assert.equal((await verify(secret(other), stored)).matches, false)
      }
    })
  }

  test('passwords that share their first 72 bytes are distinct', async (t) => {
    const { hash, verify } = hasher(t)
    const prefix = 'a'.repeat(72)
    const stored = await hash(secret(`${prefix}one`))
    assert.equal((await verify(secret(`${prefix}two`), stored)).matches, false)
    assert.equal((await verify(secret(prefix), stored)).matches, false)
  })

  test('a longer password is never cut to fit a plain hash', async (t) => {
    const { hash, verify } = hasher(t)
    const stored = await hash(secret('a'.repeat(72)))
    assert.equal((await verify(secret('a'.repeat(73)), stored)).matches, false)
  })

  test('a password with NUL or a lone surrogate is not hashed and matches nothing', async (t) => {
    const { hash, verify } = hasher(t)
    for (const odd of ['zq8-\0vk3m', 'zq8-vk3m\0', 'zq8-vk3m\ud83d', '\udd11zq8-vk3m']) {
      await assert.rejects(hash(secret(odd)), TypeError)
      const stored = hashSync(odd, 4)
      assert.deepEqual(await verify(secret(odd), stored), { matches: false, outdated: false })
    }
    // bcrypt repeats its key with a NUL between: to it these two are one.
    const stored = await hash(secret('zq8-vk3m'))
    assert.equal((await verify(secret('zq8-vk3m\0zq8-vk3m'), stored)).matches, false)
  })

  test('a cost that is no whole number from 4 to 15 is a mistake of the caller', () => {
    for (const cost of [3, 16, 31, 4.5, Number.NaN])
      assert.throws(() => createPasswordHasher({ cost, deadlineMs: 1 }), RangeError)
  })
})

describe('hashes of others', () => {
  // passlib 1.7.4, its published vectors of bcrypt-sha256 version 2 and of bcrypt.
  const repeated = 'abc123'.repeat(12)
  for (const [password, stored] of [
    ['', '$bcrypt-sha256$v=2,t=2b,r=5$E/e/2AOhqM5W/KJTFQzLce$WFPIZKtDDTriqWwlmRFfHiOTeheAZWe'],
    ['password', '$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS'],
    ['táБℓə', '$bcrypt-sha256$v=2,t=2b,r=5$.US1fQ4TQS.ZTz/uJ5Kyn.$pzzgp40k8reM1CuQb03PvE0IDPQSdV6'],
    [repeated, '$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$zu1cloESVFIOsUIo7fCEgkdHaI9SSue'],
    [`${repeated}qwr`, '$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$CBF9csfEdW68xv3DwE6xSULXMtqEFP.'],
    [`${repeated}xyz`, '$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$zC/1UDUG2ofEXB6Onr2vvyFzfhEOS3S'],
    ['U*U*U*U*', '$2a$05$c92SVSfjeiCD6F2nAD6y0uBpJDjdRkt0EgeC4/31Rf2LUZbDRDE.O'],
    ['', '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.'],
    ['táБℓə', '$2b$05$Z17AXnnlpzddNUvnC6cZNOSwMA/8oNiKnHTHTwLlBijfucQQlHjaG'],
    ['ё', '$2y$05$6bNw2HLQYeqHYyBfLMsv/OUcZd0LKP39b87nBw3.S2tVZSqiQX6eu'],
  ] as const) {
    test(`passlib's ${stored.slice(0, 44)}… matches its password and no other`, async (t) => {
      const { verify } = hasher(t, { cost: 5 })
      assert.equal((await verify(secret(password), stored)).matches, true)
      assert.equal((await verify(secret(`${password}x`), stored)).matches, false)
    })
  }

  for (const [what, password, stored, outdated] of [
    ['today’s cost and scheme', 'zq8-vk3m', hashSync('zq8-vk3m', 5), false],
    ['a lower cost', 'zq8-vk3m', hashSync('zq8-vk3m', 4), true],
    ['a higher cost', 'zq8-vk3m', hashSync('zq8-vk3m', 6), true],
    ['2a', 'zq8-vk3m', hashSync('zq8-vk3m', 5).replace('$2b$', '$2a$'), true],
    ['2y', 'zq8-vk3m', hashSync('zq8-vk3m', 5).replace('$2b$', '$2y$'), true],
    ['bcrypt-sha256 of a long one', 'a'.repeat(99), hashPassword(counting().bcrypt, 'a'.repeat(99), 5), false],
    [
      'bcrypt-sha256 of a long one, lower cost',
      'a'.repeat(99),
      hashPassword(counting().bcrypt, 'a'.repeat(99), 4),
      true,
    ],
    [
      'bcrypt-sha256 of a short one',
      'password',
      '$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS',
      true,
    ],
  ] as const) {
    test(`${what}: ${outdated ? 'outdated' : 'up to date'} when it matches, never when it does not`, async (t) => {
      const { verify } = hasher(t, { cost: 5 })
      assert.deepEqual(await verify(secret(password), stored), { matches: true, outdated })
      assert.deepEqual(await verify(secret(`${password}x`), stored), { matches: false, outdated: false })
    })
  }
})

describe('the work of a verification, in hashes of today’s cost', () => {
  const good = '$2b$05$Z17AXnnlpzddNUvnC6cZNOSwMA/8oNiKnHTHTwLlBijfucQQlHjaG'
  for (const [what, stored, work] of [
    ['nothing stored', null, 1],
    ['an unusable hash', 'garbage', 1],
    ['today’s cost', good.replace('05', '10'), 1],
    ['a lower cost, since the rest of a hash is burnt for a wrong password', good, 1],
    ['a higher cost', good.replace('05', '13'), 8],
    ['a cost that no hash may have', good.replace('05', '31'), 1],
  ] as const) {
    test(`${what}: ${work}`, () => assert.equal(workOf(stored, 10), work))
  }
})

describe('every refusal costs one hash of today’s cost', () => {
  const target = 7
  const good = '$2b$05$Z17AXnnlpzddNUvnC6cZNOSwMA/8oNiKnHTHTwLlBijfucQQlHjaG'
  const long = '$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$zu1cloESVFIOsUIo7fCEgkdHaI9SSue'

  const unusable: [what: string, stored: string, because: string][] = [
    ['empty', '', 'malformed'],
    ['no hash', 'zq8-vk3m', 'malformed'],
    ['a salt alone', good.slice(0, 29), 'malformed'],
    ['one character short', good.slice(0, -1), 'malformed'],
    ['one character more', `${good}.`, 'malformed'],
    ['a line end after it', `${good}\n`, 'malformed'],
    ['a space before it', ` ${good}`, 'malformed'],
    ['a character outside the alphabet', good.replace('Z', '!'), 'malformed'],
    ['a cost of one digit', good.replace('05', '5'), 'malformed'],
    ['a cost with a sign', good.replace('05', '+5'), 'malformed'],
    ['spare bits set in the salt', good.replace('ZNOSw', 'ZNPSw'), 'malformed'],
    ['spare bits set in the digest', good.replace(/G$/, 'H'), 'malformed'],
    ['a cost of 3', good.replace('05', '03'), 'cost_out_of_range'],
    ['a cost of 16', good.replace('05', '16'), 'cost_out_of_range'],
    ['a cost of 31', good.replace('05', '31'), 'cost_out_of_range'],
    ['2x', good.replace('2b', '2x'), 'foreign_scheme'],
    ['2', good.replace('2b', '2'), 'foreign_scheme'],
    [
      'bcrypt-sha256 version 1',
      '$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$7.1kgpHduMGEjvM3fX6e/QCvfn6OKja',
      'foreign_scheme',
    ],
    ['bcrypt-sha256 version 3', long.replace('v=2', 'v=3'), 'foreign_scheme'],
    ['bcrypt-sha256 over 2a', long.replace('t=2b', 't=2a'), 'malformed'],
    ['bcrypt-sha256 with a padded cost', long.replace('r=5', 'r=05'), 'malformed'],
    ['bcrypt-sha256 of cost 16', long.replace('r=5', 'r=16'), 'cost_out_of_range'],
    ['bcrypt-sha256 without a digest', long.slice(0, -31), 'malformed'],
    ['argon2id', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWQ', 'foreign_scheme'],
    ['a megabyte', '$2b$05$'.repeat(1 << 17), 'malformed'],
  ]
  for (const [what, stored, because] of unusable) {
    test(`unusable: ${what}: ${because}`, () => {
      const { bcrypt, costs } = counting()
      assert.deepEqual(verifyPassword(bcrypt, 'zq8-vk3m', stored, target), {
        matches: false,
        outdated: false,
        unusable: because,
      })
      assert.deepEqual(costs, [target])
    })
  }

  test('nothing stored', () => {
    const { bcrypt, costs } = counting()
    assert.deepEqual(verifyPassword(bcrypt, 'zq8-vk3m', null, target), { matches: false, outdated: false })
    assert.deepEqual(costs, [target])
  })

  for (const [what, password] of [
    ['a wrong password', 'zq8-vk3m'],
    ['an empty password', ''],
    ['a password of more than 72 bytes', 'a'.repeat(1000)],
    ['a password with NUL', 'zq8-\0vk3m'],
    ['a password with a lone surrogate', 'zq8-vk3m\ud83d'],
  ] as const) {
    for (const [scheme, stored] of [
      ['bcrypt', good],
      ['bcrypt-sha256', long],
    ] as const) {
      test(`${what} against ${scheme} of cost 5: costs 5, 5 and 6`, () => {
        const { bcrypt, costs } = counting()
        assert.deepEqual(verifyPassword(bcrypt, password, stored, target), { matches: false, outdated: false })
        assert.deepEqual(costs, [5, 5, 6])
        assert.equal(rounds(costs), 2 ** target)
      })
    }
  }

  test('a hash of any lower cost adds up to the same rounds', () => {
    for (let cost = 4; cost <= 10; cost++) {
      const { bcrypt, costs } = counting()
      verifyPassword(bcrypt, 'wrong', good.replace('05', String(cost).padStart(2, '0')), 10)
      assert.equal(rounds(costs), 2 ** 10)
    }
  })

  test('a match is not delayed', () => {
    const { bcrypt, costs } = counting()
    assert.equal(verifyPassword(bcrypt, 'táБℓə', good, target).matches, true)
    assert.deepEqual(costs, [5])
  })

  test('an unusable hash is told of once each time, without the hash and the password', async (t) => {
    const events: unknown[] = []
    const { verify } = hasher(t, { log: (event) => events.push(event) })
    assert.deepEqual(await verify(secret('zq8-vk3m'), '$argon3$v=19$secret'), { matches: false, outdated: false })
    await verify(secret('zq8-vk3m'), 'garbage')
    await verify(secret('zq8-vk3m'), null)
    await verify(secret('zq8-vk3m'), good)
    assert.deepEqual(events, [
      { event: 'stored_hash_unusable', because: 'foreign_scheme' },
      { event: 'stored_hash_unusable', because: 'malformed' },
    ])
  })
})

describe('the queue', () => {
  test('is bounded: whoever could not be served in time is told when to come back', async (t) => {
    // A hash of cost 8 takes some 20 ms, and until one was measured the estimate is much the same.
    const { hash, expectRoom } = hasher(t, { cost: 8, workers: 2, deadlineMs: 60 })
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => hash(secret('correct horse'))))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
    assert.ok(refused.length > 150 && refused.length < 200, `${refused.length}`)
    for (const reason of refused) {
      assert.ok(reason instanceof Refusal)
      assert.equal(reason.code, 'overloaded')
      assert.ok(reason.retryAfter && reason.retryAfter >= 1)
      assert.doesNotMatch(inspect(reason), /correct horse/)
    }
    await expectRoom()
    assert.match(await hash(secret('correct horse')), /^\$2b\$08\$/)
  })

  test('whoever hangs up before their turn is not hashed for', async (t) => {
    const { hash, verify } = hasher(t)
    const patient = hash(secret('correct horse'))
    const gone = new AbortController()
    const outcomes = Promise.allSettled([
      hash(secret('correct horse'), gone.signal),
      verify(secret('correct horse'), null, gone.signal),
    ])
    gone.abort()
    for (const outcome of await outcomes)
      assert.equal(outcome.status === 'rejected' && outcome.reason, gone.signal.reason)
    assert.match(await patient, /^\$2b\$04\$/)
  })

  test('is served in the order of arrival', async (t) => {
    const { hash } = hasher(t)
    const done: number[] = []
    await Promise.all([0, 1, 2, 3, 4].map(async (turn) => hash(secret('correct horse')).then(() => done.push(turn))))
    assert.deepEqual(done, [0, 1, 2, 3, 4])
  })
})

describe('workers', () => {
  test('are not started before the first call, nor more of them than asked for', async (t) => {
    let started = 0
    const count = () => started++
    process.on('worker', count)
    t.after(() => process.off('worker', count))
    const { hash, tryOut } = hasher(t, { workers: 2 })
    await nextTurn()
    await tryOut()
    assert.equal(started, 0)
    await hash(secret('correct horse'))
    assert.equal(started, 1)
    await Promise.all(Array.from({ length: 5 }, () => hash(secret('correct horse'))))
    assert.equal(started, 2)
  })

  test('have the lowest priority, and the event loop keeps its own', {
    skip: process.platform !== 'linux',
  }, async (t) => {
    const nices = async () => {
      const found = new Map<string, number>()
      for (const thread of await readdir('/proc/self/task')) {
        const stat = await readFile(`/proc/self/task/${thread}/stat`, 'utf8').catch(() => '')
        found.set(thread, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
      }
      return found
    }
    const { hash } = hasher(t, { workers: 2 })
    const before = await nices()
    await Promise.all([hash(secret('correct horse')), hash(secret('correct horse'))])
    const after = await nices()
    assert.equal(after.get(String(process.pid)), before.get(String(process.pid)))
    assert.equal([...after].filter(([thread, nice]) => nice === 19 && !before.has(thread)).length, 2)
  })

  test('are ended by close: what runs is finished, what waits and comes later is turned away', async () => {
    const { hash, close } = createPasswordHasher({ cost: 8, workers: 1, deadlineMs: 30_000 })
    const running = hash(secret('correct horse'))
    const waiting = assert.rejects(hash(secret('correct horse')), /closed/)
    await close()
    assert.match(await running, /^\$2b\$08\$/)
    await waiting
    await assert.rejects(hash(secret('correct horse')), /closed/)
    await close()
  })

  test('do not keep the process alive', { timeout: 20_000 }, async () => {
    const file = new URL('../../../src/accounts/infrastructure/password-hasher.bcrypt.ts', import.meta.url)
    const code = `const { createPasswordHasher } = await import(${JSON.stringify(file.href)})
      await createPasswordHasher({ cost: 4, workers: 2, deadlineMs: 5000 }).verify({ reveal: () => 'x' }, null)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })
})

test('no error shows the password', async (t) => {
  const { hash } = hasher(t)
  const error = await hash(secret('zq8-vk3m\0tail')).then(
    () => assert.fail(),
    (reason: unknown) => reason,
  )
  assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /zq8-vk3m/)
})
