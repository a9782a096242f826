import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { AcceptedPassword } from '../../../src/accounts/domain/password-policy.ts'
import type { HashAnswer, HashCall } from '../../../src/accounts/infrastructure/hash-calls.ts'
import { hostHashing } from '../../../src/accounts/infrastructure/hashing-host.ts'
import { createPasswordHasher, type HashingPool } from '../../../src/accounts/infrastructure/password-hasher.bcrypt.ts'
import { remotePasswordHasher } from '../../../src/accounts/infrastructure/password-hasher.remote.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { channelOver, type Line } from '../../../src/platform/channel.ts'

const secret = (text: string) => new Secret(text) as AcceptedPassword

/** One end of a line between two processes: what is sent comes out of the other end a turn later, as a copy. */
class End extends EventEmitter implements Line {
  connected = true
  other: End | null = null

  send(message: unknown): boolean {
    const copy = JSON.parse(JSON.stringify(message))
    setImmediate(() => this.other?.connected && this.other.emit('message', copy))
    return true
  }

  /** The process at the other end dies. */
  cut() {
    this.connected = false
    this.emit('disconnect')
  }
}

function line() {
  const [asks, hashes] = [new End(), new End()]
  asks.other = hashes
  hashes.other = asks
  return { asks, hashes }
}

/** A process that asks, and the end of its line at the process that hashes. */
function client(pool: HashingPool) {
  const { asks, hashes } = line()
  hostHashing(pool, channelOver<HashAnswer, HashCall>(hashes, 'hashing'))
  return { remote: remotePasswordHasher(channelOver<HashCall, HashAnswer>(asks, 'hashing')), asks, hashes }
}

interface Job extends PromiseWithResolvers<never> {
  readonly asked: readonly unknown[]
  readonly gone: AbortSignal | undefined
}

/** A pool whose answers the test gives. */
function stage() {
  const jobs: Job[] = []
  const job = (gone: AbortSignal | undefined, ...asked: unknown[]) => {
    const one = { asked, gone, ...Promise.withResolvers<never>() }
    gone?.addEventListener('abort', () => one.reject(gone.reason))
    jobs.push(one)
    return one.promise
  }
  const pool = {
    expectRoom: () => job(undefined, 'expectRoom'),
    hash: (password: Secret, gone?: AbortSignal) => job(gone, 'hash', password.reveal()),
    verify: (password: Secret, stored: string | null, gone?: AbortSignal) =>
      job(gone, 'verify', password.reveal(), stored),
  } as unknown as HashingPool
  const arrived = async (count: number) => {
    while (jobs.length < count) await nextTurn()
    return jobs[count - 1] as Job
  }
  return { pool, jobs, arrived }
}

describe('a hasher in another process', () => {
  test('answers what the pool answers, each call its own', async () => {
    const { pool, arrived } = stage()
    const { remote } = client(pool)
    const calls = [
      remote.hash(secret('correct horse \ud83d')),
      remote.verify(secret('a'), null),
      remote.verify(secret('b'), '$2b$…'),
      remote.expectRoom(),
    ]
    await arrived(4)
    const jobs = await Promise.all([1, 2, 3, 4].map(arrived))
    assert.deepEqual(
      jobs.map(({ asked }) => asked),
      [['hash', 'correct horse \ud83d'], ['verify', 'a', null], ['verify', 'b', '$2b$…'], ['expectRoom']],
    )
    const answers = ['a hash', { matches: false, outdated: false }, { matches: true, outdated: true }, undefined]
    for (const at of [2, 0, 3, 1]) jobs[at]?.resolve(answers[at] as never)
    assert.deepEqual(await Promise.all(calls), answers)
  })

  test('refuses as the pool refuses, with the same moment to come back', async () => {
    const { pool, arrived } = stage()
    const { remote } = client(pool)
    for (const [index, call] of [remote.expectRoom(), remote.hash(secret('x'))].entries()) {
      const refusal = new Refusal('overloaded', { retryAfter: 7, because: 'hash_queue_full' })
      ;(await arrived(index + 1)).reject(refusal)
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof Refusal)
        const { code, retryAfter, because } = error
        assert.deepEqual(
          { code, retryAfter, because },
          { code: 'overloaded', retryAfter: 7, because: 'hash_queue_full' },
        )
        return true
      })
    }
  })

  test('fails with what went wrong and why, and without the password', async () => {
    const { pool, arrived } = stage()
    const { remote } = client(pool)
    const call = remote.hash(secret('correct horse'))
    ;(await arrived(1)).reject(new Error('a worker thread died', { cause: new Error('bcrypt failed: Error') }))
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof Error && !(error instanceof Refusal))
      assert.equal(error.message, 'a worker thread died: bcrypt failed: Error')
      assert.doesNotMatch(inspect(error, { depth: null, showHidden: true }), /correct horse/)
      return true
    })
  })

  test('lets who hangs up go at once, and out of the queue; the answer that was on its way is nobody’s', async () => {
    const { pool, arrived } = stage()
    const { remote, asks } = client(pool)
    const hangUp = new AbortController()
    const call = remote.verify(secret('x'), null, hangUp.signal)
    const job = await arrived(1)
    const sent = asks.listenerCount('message')
    hangUp.abort(new Error('gone'))
    await assert.rejects(call, /^Error: gone$/)
    while (!job.gone?.aborted) await nextTurn()
    asks.emit('message', ['hashing', { call: 1, kind: 'done', value: 'late' }])
    assert.equal(asks.listenerCount('message'), sent)
    await assert.rejects(remote.hash(secret('x'), hangUp.signal), /^Error: gone$/)
    const next = remote.hash(secret('y'))
    ;(await arrived(2)).resolve('a hash' as never)
    assert.equal(await next, 'a hash')
  })

  test('that dies has all of its own calls leave the queue, and nobody else’s', async () => {
    const { pool, jobs, arrived } = stage()
    const [dying, living] = [client(pool), client(pool)]
    const lost = [dying.remote.hash(secret('1')), dying.remote.verify(secret('2'), null)]
    const kept = living.remote.hash(secret('3'))
    await arrived(3)
    dying.hashes.cut()
    assert.deepEqual(jobs.map(({ asked, gone }) => [asked[1], gone?.aborted]).toSorted(), [
      ['1', true],
      ['2', true],
      ['3', false],
    ])
    jobs.find(({ asked }) => asked[1] === '3')?.resolve('a hash' as never)
    assert.equal(await kept, 'a hash')
    dying.asks.cut()
    await Promise.all(lost.map((call) => assert.rejects(call, /has ended/)))
  })

  test('whose other end dies fails what waits, and what comes later', async () => {
    const { pool, arrived } = stage()
    const { remote, asks } = client(pool)
    const waiting = remote.hash(secret('x'))
    await arrived(1)
    asks.cut()
    await assert.rejects(waiting, /the process that hashes has ended/)
    await assert.rejects(remote.expectRoom(), /the process that hashes has ended/)
  })
})

describe('hashers in two processes, with one real pool', () => {
  function both(t: TestContext, deadlineMs: number) {
    const pool = createPasswordHasher({ cost: 8, workers: 1, deadlineMs })
    t.after(() => pool.close())
    return [client(pool), client(pool)] as const
  }

  test('have one queue: who could not be served in time is refused, whichever process asks', async (t) => {
    const [one, other] = both(t, 120)
    await one.remote.hash(secret('warm'))
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => (index % 2 ? one : other).remote.hash(secret('correct horse'))),
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
    assert.ok(refused.length > 100 && refused.length < 200, `${refused.length}`)
    for (const reason of refused) {
      assert.ok(reason instanceof Refusal && reason.code === 'overloaded')
      assert.ok(reason.retryAfter && reason.retryAfter >= 1)
    }
    await Promise.all([one.remote.expectRoom(), other.remote.expectRoom()])
  })

  test('give the places of one that died to the other', async (t) => {
    const [dying, living] = both(t, 60_000)
    const first = living.remote.hash(secret('x'))
    for (let count = 0; count < 500; count++) dying.remote.hash(secret('y')).catch(() => undefined)
    const last = living.remote.hash(secret('z'))
    await first
    dying.hashes.cut()
    const before = performance.now()
    assert.match(await last, /^\$2b\$08\$/)
    // A hash takes some 20 ms here; behind all the others it would have been ten seconds.
    assert.ok(performance.now() - before < 5_000)
  })
})
