import assert from 'node:assert/strict'
import { EventEmitter, getEventListeners } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import {
  createWorkerPool,
  type PoolWorker,
  type WorkerPoolOptions,
} from '../../../src/accounts/infrastructure/worker-pool.ts'
import type { Refusal } from '../../../src/kernel/refusal.ts'

/** Workers that do what the test says, and time that it moves. */
function stage(t: TestContext, options: Partial<WorkerPoolOptions<string>> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let time = 1000
  const crew: FakeWorker[] = []
  const begun: string[] = []
  const start = () => {
    const worker = new FakeWorker(begun)
    crew.push(worker)
    return worker as unknown as PoolWorker
  }
  const pool = createWorkerPool<string>({
    start,
    size: 1,
    deadlineMs: 5000,
    expectedMs: 1000,
    now: () => time,
    ...options,
  })
  return {
    pool,
    crew,
    /** The tasks that were given to workers, in their order. */
    begun,
    pass(ms: number) {
      time += ms
      t.mock.timers.tick(ms)
    },
    busy: () => crew.filter((worker) => worker.task !== null),
  }
}

class FakeWorker extends EventEmitter {
  task: string | null = null
  readonly #begun: string[]

  constructor(begun: string[]) {
    super()
    this.#begun = begun
  }

  postMessage(task: string) {
    assert.equal(this.task, null, 'a worker has one job at a time')
    this.task = task
    this.#begun.push(task)
  }

  answer() {
    const { task } = this
    this.task = null
    this.emit('message', `${task} done`)
  }

  die(cause = new Error('dead')) {
    this.emit('error', cause)
    this.emit('exit', 1)
    this.task = null
  }

  ref() {}
  unref() {}
  ended = false
  async terminate() {
    this.ended = true
    this.emit('exit', 0)
    return 0
  }
}

/** What became of each, in one word. */
async function outcomes(jobs: readonly Promise<unknown>[]): Promise<string[]> {
  return (await Promise.allSettled(jobs)).map((outcome) =>
    outcome.status === 'fulfilled'
      ? String(outcome.value)
      : ((outcome.reason as Refusal).code ?? outcome.reason.message),
  )
}

async function retryAfter(job: Promise<unknown>): Promise<number | undefined> {
  const refusal = await job.then(
    () => assert.fail('served'),
    (reason: Refusal) => reason,
  )
  return refusal.retryAfter
}

describe('who comes', () => {
  test('is refused at once when nobody could answer within the deadline, and nobody else is', async (t) => {
    const { pool, crew, begun } = stage(t)
    const jobs = Array.from({ length: 8 }, (_, turn) => pool.run(`${turn}`))
    const refused = await outcomes(jobs.slice(5))
    assert.deepEqual(refused, Array(3).fill('overloaded'))
    for (let turn = 0; turn < 5; turn++) crew[0]?.answer()
    assert.deepEqual(await outcomes(jobs.slice(0, 5)), ['0 done', '1 done', '2 done', '3 done', '4 done'])
    assert.deepEqual(begun, ['0', '1', '2', '3', '4'])
  })

  test('is told so before anything is done for nothing', (t) => {
    const { pool } = stage(t)
    for (let turn = 0; turn < 5; turn++) {
      pool.expectRoom()
      void pool.run(`${turn}`)
    }
    assert.throws(() => pool.expectRoom(), { code: 'overloaded', retryAfter: 1, because: 'hash_queue_full' })
  })

  test('finds room again as soon as what runs has come far enough', async (t) => {
    const { pool, pass } = stage(t)
    for (let turn = 0; turn < 5; turn++) void pool.run(`${turn}`)
    await assert.rejects(pool.run('too early'), { code: 'overloaded' })
    pass(999)
    await assert.rejects(pool.run('too early'), { code: 'overloaded' })
    pass(1)
    pool.expectRoom()
  })

  test('counts by the work that it brings', async (t) => {
    const { pool } = stage(t, { work: Number })
    void pool.run('1')
    void pool.run('2')
    await assert.rejects(pool.run('2.5'), { code: 'overloaded' })
    void pool.run('2')
    await assert.rejects(pool.run('0.1'), { code: 'overloaded' })
  })

  test('waits until there is memory for it, and so do those behind it that hold any; beside such it always goes', async (t) => {
    const { pool, crew, begun } = stage(t, { size: 3, memory: { of: Number, most: 10 } })
    for (const memory of ['6', '5', '0', '12', '1']) void pool.run(memory)
    const answer = (memory: string) => crew.find((worker) => worker.task === memory)?.answer()
    assert.deepEqual(begun, ['6', '0'], 'who holds nothing passes')
    answer('6')
    assert.deepEqual(begun, ['6', '0', '5'])
    answer('0')
    assert.deepEqual(begun, ['6', '0', '5'], 'the last would fit, and would keep the one before it waiting')
    answer('5')
    assert.deepEqual(begun, ['6', '0', '5', '12'])
    answer('12')
    assert.deepEqual(begun, ['6', '0', '5', '12', '1'])
  })

  test('that waits for memory has the first free worker when there is some, however many pass it meanwhile', async (t) => {
    const { pool, crew, begun } = stage(t, { size: 2, deadlineMs: 60_000, memory: { of: Number, most: 10 } })
    const answer = (memory: string) => crew.find((worker) => worker.task === memory)?.answer()
    for (const memory of ['6', '12', '0', '0', '0', '0', '0']) void pool.run(memory)
    for (let passing = 0; passing < 2; passing++) answer('0')
    assert.deepEqual(begun, ['6', '0', '0', '0'])
    answer('6')
    assert.deepEqual(begun, ['6', '0', '0', '0', '12'])
    answer('0')
    assert.deepEqual(begun, ['6', '0', '0', '0', '12', '0'])
  })

  test('is always taken by an idle worker, also with more work than fits before the deadline', async (t) => {
    const { pool, crew } = stage(t, { work: Number })
    const job = pool.run('8')
    await assert.rejects(pool.run('8'), { code: 'overloaded', retryAfter: 8 })
    crew[0]?.answer()
    assert.equal(await job, '8 done')
  })

  test('is counted at the pace that was measured, not at the one that was guessed', async (t) => {
    const { pool, crew, pass } = stage(t)
    for (let turn = 0; turn < 60; turn++) {
      const job = pool.run('slow')
      pass(2000)
      crew[0]?.answer()
      await job
    }
    void pool.run('one')
    void pool.run('two')
    await assert.rejects(pool.run('three'), { code: 'overloaded' })
  })

  test('does not pay for the time that a worker took to start', async (t) => {
    const { pool, crew, pass } = stage(t)
    const first = pool.run('first')
    pass(30_000)
    crew[0]?.answer()
    await first
    for (let turn = 0; turn < 5; turn++) void pool.run(`${turn}`)
    await assert.rejects(pool.run('one more'), { code: 'overloaded' })
  })

  test('may be a hundred thousand at once: the memory is that of the few who are served in time', async (t) => {
    // The fastest pace that counts, so the longest queue: one for each millisecond of the deadline and each worker.
    const { pool, crew } = stage(t, { size: 2, deadlineMs: 100, expectedMs: 0 })
    let refused = 0
    const jobs = Array.from({ length: 100_000 }, () =>
      pool.run('one').catch((refusal: Refusal) => {
        assert.equal(refusal.code, 'overloaded')
        refused++
      }),
    )
    await nextTurn()
    assert.ok(refused >= 100_000 - 202 && refused < 100_000, `${refused} refused`)
    while (crew.some((worker) => worker.task !== null)) for (const worker of crew) if (worker.task) worker.answer()
    await Promise.all(jobs)
  })
})

describe('who waits', () => {
  test('is served in the order of arrival, however many came in one moment', async (t) => {
    const { pool, crew, begun } = stage(t, { size: 3, deadlineMs: 60_000 })
    const tasks = Array.from({ length: 100 }, (_, turn) => `${turn}`)
    const jobs = tasks.map((task) => pool.run(task))
    for (let turn = 0; turn < tasks.length; turn++) crew[(turn * 7) % 3]?.answer()
    for (const worker of crew) if (worker.task) worker.answer()
    await Promise.all(jobs)
    assert.deepEqual(begun, tasks)
  })

  test('is refused when the deadline passes, and nobody works for that one any more', async (t) => {
    const { pool, crew, begun, pass } = stage(t)
    const jobs = [pool.run('a'), pool.run('b')]
    pass(100)
    jobs.push(pool.run('c'))
    pass(4899)
    assert.deepEqual(await Promise.race([...jobs, nextTurn('all wait')]), 'all wait')
    pass(1)
    assert.deepEqual(await outcomes(jobs.slice(1, 2)), ['overloaded'])
    await assert.rejects(jobs[1] as Promise<unknown>, { because: 'hash_deadline_passed' })
    assert.deepEqual(await Promise.race([jobs[0], jobs[2], nextTurn('both wait')]), 'both wait')
    pass(100)
    assert.deepEqual(await outcomes(jobs.slice(2)), ['overloaded'])
    crew[0]?.answer()
    assert.equal(await jobs[0], 'a done')
    assert.deepEqual(begun, ['a'])
  })

  test('leaves the queue by hanging up, and the next one has that place at once', async (t) => {
    const { pool, crew, begun } = stage(t)
    const jobs = ['a', 'b'].map((task) => pool.run(task))
    const gone = new AbortController()
    const left = pool.run('left', gone.signal)
    jobs.push(pool.run('c'), pool.run('d'))
    await assert.rejects(pool.run('one too many'), { code: 'overloaded' })
    gone.abort()
    await assert.rejects(left, (reason) => reason === gone.signal.reason)
    jobs.push(pool.run('e'))
    for (let turn = 0; turn < 5; turn++) crew[0]?.answer()
    assert.deepEqual(await outcomes(jobs), ['a done', 'b done', 'c done', 'd done', 'e done'])
    assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e'])
  })

  test('who hangs up during the work has no answer, and the worker goes on when it is done', async (t) => {
    const { pool, crew } = stage(t)
    const gone = new AbortController()
    const job = pool.run('running', gone.signal)
    const next = pool.run('next')
    gone.abort()
    await assert.rejects(job, { name: 'AbortError' })
    assert.equal(crew[0]?.task, 'running')
    crew[0]?.answer()
    crew[0]?.answer()
    assert.equal(await next, 'next done')
  })

  test('who has hung up before is not taken in', async (t) => {
    const { pool, crew } = stage(t)
    await assert.rejects(pool.run('late', AbortSignal.abort()), { name: 'AbortError' })
    assert.equal(crew.length, 0)
  })

  test('leaves no listener behind, whatever the outcome', async (t) => {
    const { pool, crew, pass } = stage(t)
    const { signal } = new AbortController()
    const jobs = Array.from({ length: 9 }, (_, turn) => pool.run(`${turn}`, signal))
    assert.equal(getEventListeners(signal, 'abort').length, 5)
    crew[0]?.answer()
    crew[0]?.die()
    crew[1]?.die()
    pass(5000)
    crew[2]?.answer()
    await Promise.allSettled(jobs)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

describe('Retry-After', () => {
  test('is the time until there is room, in whole seconds', async (t) => {
    const { pool } = stage(t, { expectedMs: 2500, deadlineMs: 6000 })
    for (let turn = 0; turn < 2; turn++) void pool.run(`${turn}`)
    assert.equal(await retryAfter(pool.run('no')), 2) // 5 s of work before 2.5 s of its own: 1.5 s too much
  })

  test('sends no two for one place, and nobody away for more than a minute', async (t) => {
    const { pool } = stage(t)
    for (let turn = 0; turn < 5; turn++) void pool.run(`${turn}`)
    const seconds = await Promise.all(Array.from({ length: 100 }, () => retryAfter(pool.run('no'))))
    assert.deepEqual(seconds, [...Array.from({ length: 60 }, (_, turn) => turn + 1), ...Array(40).fill(60)])
  })

  test('is true: all of a burst who come back when they were told are served', async (t) => {
    const { pool, pass, busy } = stage(t, { size: 2, expectedMs: 250 })
    const due = new Map<number, number>([[0, 300]])
    let served = 0
    let again = 0
    for (let tick = 0; tick < 10 * 60 && served < 300; tick++) {
      for (let guests = due.get(tick) ?? 0; guests > 0; guests--) {
        pool.run('guest').then(
          () => served++,
          ({ retryAfter = 0 }: Refusal) => {
            if (tick > 0) again++
            const when = tick + retryAfter * 10
            due.set(when, (due.get(when) ?? 0) + 1)
          },
        )
      }
      await nextTurn()
      pass(100)
      // Each worker needs 200 ms of the 250 that were guessed.
      if (tick % 2 === 1) for (const worker of busy()) worker.answer()
      await nextTurn()
    }
    assert.deepEqual({ served, again }, { served: 300, again: 0 })
  })
})

describe('a worker without a job', () => {
  /** Has as many workers at work at once as there are in the pool. */
  async function rush(pool: ReturnType<typeof stage>['pool'], busy: () => FakeWorker[], tasks: string[]) {
    const jobs = tasks.map((task) => pool.run(task))
    await nextTurn()
    for (const worker of busy()) worker.answer()
    await Promise.all(jobs)
  }
  const alive = (crew: FakeWorker[]) => crew.filter(({ ended }) => !ended)

  test('is let go after its time, but the last one stays, and serves the next job', async (t) => {
    const { pool, crew, pass, busy } = stage(t, { size: 3, idleMs: 1000 })
    await rush(pool, busy, ['a', 'b', 'c'])
    pass(999)
    assert.equal(alive(crew).length, 3)
    pass(1)
    assert.equal(alive(crew).length, 1)
    pass(60_000)
    assert.equal(alive(crew).length, 1)
    await rush(pool, busy, ['d'])
    assert.equal(crew.length, 3)
  })

  test('is let go also while another has a job all the time', async (t) => {
    const { pool, crew, pass, busy } = stage(t, { size: 3, idleMs: 1000 })
    await rush(pool, busy, ['a', 'b', 'c'])
    for (let time = 0; time < 4; time++) {
      await rush(pool, busy, ['d'])
      pass(500)
    }
    assert.equal(alive(crew).length, 1)
    assert.equal(crew.length, 3)
  })

  test('that was let go is replaced as soon as there is more to do than one can', async (t) => {
    const { pool, crew, pass, busy } = stage(t, { size: 2, idleMs: 1000 })
    await rush(pool, busy, ['a', 'b'])
    pass(1000)
    await rush(pool, busy, ['c', 'd'])
    assert.equal(crew.length, 3)
    assert.equal(alive(crew).length, 2)
  })

  test('stays for ever where no time is given', async (t) => {
    const { pool, crew, pass, busy } = stage(t, { size: 2 })
    await rush(pool, busy, ['a', 'b'])
    pass(3_600_000)
    assert.equal(alive(crew).length, 2)
  })
})

describe('a worker that dies', () => {
  test('is replaced, and its job is done by the next one, before all that wait', async (t) => {
    const { pool, crew, begun } = stage(t)
    const jobs = ['a', 'b'].map((task) => pool.run(task))
    crew[0]?.die()
    assert.equal(crew.length, 2)
    crew[1]?.answer()
    crew[1]?.answer()
    assert.deepEqual(await outcomes(jobs), ['a done', 'b done'])
    assert.deepEqual(begun, ['a', 'a', 'b'])
  })

  test('of the job of one that died of it already ends that job, and the pool lives on', async (t) => {
    const { pool, crew } = stage(t)
    const jobs = ['poison', 'b'].map((task) => pool.run(task))
    crew[0]?.die()
    crew[1]?.die(new Error('of poison'))
    await assert.rejects(jobs[0] as Promise<unknown>, (error: Error) => /of poison/.test(inspect(error.cause)))
    crew[2]?.answer()
    assert.equal(await jobs[1], 'b done')
    const later = pool.run('c')
    crew[2]?.answer()
    assert.equal(await later, 'c done')
    assert.equal(crew.length, 3)
  })

  test('of a job that kills every worker takes no other job with it', async (t) => {
    const { pool, crew } = stage(t, { size: 2, deadlineMs: 60_000 })
    const tasks = Array.from({ length: 40 }, (_, turn) => (turn % 3 === 0 ? 'poison' : `${turn}`))
    const jobs = tasks.map((task) => pool.run(task))
    for (let worker = crew.find(({ task }) => task); worker; worker = crew.find(({ task }) => task)) {
      if (worker.task === 'poison') worker.die()
      else worker.answer()
    }
    const expected = tasks.map((task) => (task === 'poison' ? 'a worker thread died' : `${task} done`))
    assert.deepEqual(await outcomes(jobs), expected)
  })

  test('for who has hung up is not replaced', async (t) => {
    const { pool, crew } = stage(t)
    const gone = new AbortController()
    const job = pool.run('a', gone.signal)
    gone.abort()
    await assert.rejects(job, { name: 'AbortError' })
    crew[0]?.die()
    assert.equal(crew.length, 1)
  })

  test('after the deadline leaves its job refused', async (t) => {
    const { pool, crew, pass } = stage(t)
    const job = pool.run('a')
    pass(5000)
    crew[0]?.die()
    await assert.rejects(job, { code: 'overloaded', because: 'hash_deadline_passed' })
  })

  test('while it is idle is replaced at the next job', async (t) => {
    const { pool, crew } = stage(t)
    const first = pool.run('a')
    crew[0]?.answer()
    crew[0]?.die()
    const second = pool.run('b')
    crew[1]?.answer()
    assert.deepEqual(await outcomes([first, second]), ['a done', 'b done'])
  })
})

describe('closing', () => {
  test('turns away what waits, and waits for what runs', async (t) => {
    const { pool, crew, begun } = stage(t)
    const jobs = ['a', 'b'].map((task) => pool.run(task))
    const closed = pool.close()
    await assert.rejects(jobs[1] as Promise<unknown>, /closed/)
    assert.equal(await Promise.race([closed, nextTurn('open')]), 'open')
    crew[0]?.answer()
    await closed
    assert.equal(await jobs[0], 'a done')
    assert.deepEqual(begun, ['a'])
    await assert.rejects(pool.run('c'), /closed/)
  })

  test('gives the job of a worker that dies meanwhile to no other', async (t) => {
    const { pool, crew } = stage(t)
    const job = pool.run('a')
    const closed = pool.close()
    crew[0]?.die()
    await assert.rejects(job, /died/)
    await closed
    assert.equal(crew.length, 1)
  })
})

describe('a worker that does not start', () => {
  test('is tried once more', async (t) => {
    let tried = 0
    const worker = new FakeWorker([])
    const start = () => {
      if (tried++ === 0) throw new Error('no threads left')
      return worker as unknown as PoolWorker
    }
    const { pool } = stage(t, { start })
    const job = pool.run('a')
    worker.answer()
    assert.equal(await job, 'a done')
  })

  test('twice rejects its job with the reason, and hangs nobody', async (t) => {
    let broken = true
    const worker = new FakeWorker([])
    const start = () => {
      if (broken) throw new Error('no threads left')
      return worker as unknown as PoolWorker
    }
    const { pool } = stage(t, { start })
    await assert.rejects(pool.run('a'), (error: Error) => /no threads left/.test(inspect(error.cause)))
    assert.deepEqual(await outcomes([pool.run('b'), pool.run('c')]), Array(2).fill('a worker thread died'))
    broken = false
    const job = pool.run('d')
    worker.answer()
    assert.equal(await job, 'd done')
  })
})

test('every job has exactly one answer, whatever deaths, hang-ups, delays and closes come between', async (t) => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.constant('come' as const) },
    { weight: 5, arbitrary: fc.constant('answer' as const) },
    { weight: 2, arbitrary: fc.constant('die' as const) },
    { weight: 2, arbitrary: fc.constant('hang up' as const) },
    { weight: 2, arbitrary: fc.constant('pass' as const) },
  )
  const story = fc.tuple(
    fc.array(fc.tuple(event, fc.nat(99)), { maxLength: 120 }),
    fc.integer({ min: 1, max: 3 }),
    fc.boolean(),
  )
  await fc.assert(
    fc.asyncProperty(story, async ([events, size, closes]) => {
      t.mock.timers.reset()
      const { pool, pass, busy } = stage(t, { size, idleMs: 300 })
      const answers: number[] = []
      const ends: AbortController[] = []
      const jobs: Promise<void>[] = []
      const pick = <T>(all: readonly T[], seed: number) => all[seed % Math.max(1, all.length)]
      const come = () => {
        const turn = jobs.length
        const gone = new AbortController()
        ends.push(gone)
        answers.push(0)
        const count = () => {
          answers[turn] = (answers[turn] ?? 0) + 1
        }
        jobs.push(pool.run(`${turn}`, gone.signal).then(count, count))
      }
      for (const [what, seed] of events) {
        if (what === 'come') come()
        if (what === 'answer') pick(busy(), seed)?.answer()
        if (what === 'die') pick(busy(), seed)?.die()
        if (what === 'hang up') pick(ends, seed)?.abort()
        if (what === 'pass') pass(seed * 20)
        assert.ok(busy().length <= size)
        if (seed % 4 === 0) await nextTurn()
      }
      const closed = closes ? pool.close() : undefined
      for (let [worker] = busy(); worker; [worker] = busy()) worker.answer()
      await Promise.all(jobs)
      await closed
      assert.deepEqual(
        answers,
        answers.map(() => 1),
      )
      if (closes) return
      const last = pool.run('last')
      busy()[0]?.answer()
      assert.equal(await last, 'last done')
    }),
    { numRuns: 300 },
  )
})

/** A worker thread that answers every task with itself and dies of `die` and `throw`. */
const script = (before: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      ${before}
      parentPort.on('message', (task) => {
        if (task === 'die') process.exit(3)
        if (task === 'throw') throw new Error('cannot')
        parentPort.postMessage(task)
      })`)}`,
  )

describe('true threads', () => {
  const poolOf = (t: TestContext, file: URL, size = 1) => {
    const start = () => new Worker(file, { execArgv: [] })
    const pool = createWorkerPool<string>({ start, size, deadlineMs: 20_000, expectedMs: 1 })
    t.after(() => pool.close())
    return pool
  }

  for (const death of ['die', 'throw']) {
    test(`one that does ${death} takes its own job with it and no other`, { timeout: 20_000 }, async (t) => {
      const pool = poolOf(t, script(''), 2)
      const jobs = ['a', death, 'b', death, 'c', death, 'd'].map((task) => pool.run(task))
      const dead = 'a worker thread died'
      assert.deepEqual(await outcomes(jobs), ['a', dead, 'b', dead, 'c', dead, 'd'])
      assert.equal(await pool.run('e'), 'e')
    })
  }

  test('that never start hang nobody', { timeout: 20_000 }, async (t) => {
    const pool = poolOf(t, script('throw new Error("no bcrypt here")'))
    assert.deepEqual(
      await outcomes(['a', 'b', 'c'].map((task) => pool.run(task))),
      Array(3).fill('a worker thread died'),
    )
    await assert.rejects(pool.run('d'), (error: Error) => /no bcrypt here/.test(inspect(error.cause)))
  })
})
