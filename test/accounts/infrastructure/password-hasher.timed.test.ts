import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HashingPool } from '../../../src/accounts/infrastructure/password-hasher.bcrypt.ts'
import { timedHasher } from '../../../src/accounts/infrastructure/password-hasher.timed.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'

test('each call is told with the time that it took, and whether it had an answer', async () => {
  let now = 0
  const told: unknown[] = []
  const pool = {
    hash: async () => {
      now += 250
      return 'a hash'
    },
    verify: async () => {
      now += 5000
      throw new Refusal('overloaded')
    },
    state: () => ({ waiting: 1, running: 2 }),
  } as Partial<HashingPool> as HashingPool
  const hasher = timedHasher(
    pool,
    (...all) => told.push(all),
    () => now,
  )
  assert.equal(await hasher.hash(new Secret('x') as never), 'a hash')
  await assert.rejects(hasher.verify(new Secret('x'), null), { code: 'overloaded' })
  assert.deepEqual(told, [
    ['hash', 0.25, false],
    ['verify', 5, true],
  ])
  assert.deepEqual(hasher.state(), { waiting: 1, running: 2 })
})
