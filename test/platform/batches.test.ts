import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createBatches } from '../../src/platform/batches.ts'

interface Run {
  readonly asks: readonly number[]
  succeed(): void
  fail(error: Error): void
}

/** Batches whose runs the test ends when it wants to: each answers ten times what was asked. */
function batches({ lanes = 1, besideAfterMs = 0, most = 100, waiting = 100, now = (): number => 0 } = {}) {
  const runs: Run[] = []
  const ask = createBatches<number, number>({
    ...{ lanes, besideAfterMs, most, patienceMs: 3_000, tooLate: () => new Error('too late'), now },
    ...{ waiting, tooMany: () => new Error('too many'), hadNoTurn: (error) => (error as Error).message === 'no turn' },
    run(asks) {
      const { promise, resolve, reject } = Promise.withResolvers<number[]>()
      runs.push({ asks, succeed: () => resolve(asks.map((one) => one * 10)), fail: reject })
      return promise
    },
  })
  return { ask, runs, sent: () => runs.map(({ asks }) => asks) }
}

describe('those who ask', () => {
  it('in one turn of the event loop go together, and each gets the answer to what it asked', async () => {
    const { ask, runs, sent } = batches()
    const answers = Promise.all([ask(3), ask(1), ask(2)])
    await turn()
    assert.deepEqual(sent(), [[3, 1, 2]])
    runs[0]?.succeed()
    assert.deepEqual(await answers, [30, 10, 20])
  })

  it('while all lanes are taken go together in the next run, in the order in which they came', async () => {
    const { ask, runs, sent } = batches()
    const first = ask(1)
    await turn()
    const later = Promise.all([ask(2), ask(3)])
    await turn()
    const last = ask(4)
    assert.deepEqual(sent(), [[1]])
    runs[0]?.succeed()
    await first
    await turn()
    assert.deepEqual(sent(), [[1], [2, 3, 4]])
    runs[1]?.succeed()
    assert.deepEqual([await first, ...(await later), await last], [10, 20, 30, 40])
  })

  it('wait for nobody while a lane is free', async () => {
    const { ask, runs, sent } = batches({ lanes: 2 })
    const [one, other] = [ask(1), turn().then(() => ask(2))]
    await turn()
    await turn()
    assert.deepEqual(sent(), [[1], [2]])
    runs[1]?.succeed()
    assert.equal(await other, 20)
    runs[0]?.succeed()
    assert.equal(await one, 10)
  })

  it('wait for the run under way, and where that takes too long go beside it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs, sent } = batches({ lanes: 2, besideAfterMs: 5, now: () => time })
    const first = ask(1)
    await turn()
    const later = Promise.all([ask(2), turn().then(() => ask(3))])
    await turn()
    time = 4
    t.mock.timers.tick(4)
    assert.deepEqual(sent(), [[1]])
    time = 5
    t.mock.timers.tick(1)
    assert.deepEqual(sent(), [[1], [2, 3]])
    runs[1]?.succeed()
    assert.deepEqual(await later, [20, 30])
    runs[0]?.succeed()
    assert.equal(await first, 10)
  })

  it('go in the next run where the one under way ends before that', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs, sent } = batches({ lanes: 2, besideAfterMs: 5, now: () => time })
    const first = ask(1)
    await turn()
    const second = ask(2)
    await turn()
    assert.deepEqual(sent(), [[1]])
    time = 4
    t.mock.timers.tick(4)
    runs[0]?.succeed()
    await first
    await turn()
    assert.deepEqual(sent(), [[1], [2]])
    runs[1]?.succeed()
    assert.equal(await second, 20)
  })

  it('and arrive in the turn in which a run ends go along with those who waited for it', async () => {
    const { ask, runs, sent } = batches()
    const first = ask(1)
    await turn()
    const second = ask(2)
    runs[0]?.succeed()
    await first
    const third = ask(3)
    await turn()
    assert.deepEqual(sent(), [[1], [2, 3]])
    runs[1]?.succeed()
    assert.deepEqual(await Promise.all([second, third]), [20, 30])
  })

  it('while all lanes are taken wait as long for the one that is free again, and no longer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs, sent } = batches({ lanes: 2, besideAfterMs: 5, now: () => time })
    const moveTo = (moment: number) => {
      const passed = moment - time
      time = moment
      t.mock.timers.tick(passed)
    }
    const first = ask(1)
    await turn()
    const second = ask(2)
    moveTo(5)
    assert.deepEqual(sent(), [[1], [2]])
    const third = ask(3)
    runs[1]?.succeed()
    assert.equal(await second, 20)
    moveTo(9)
    assert.deepEqual(sent(), [[1], [2]])
    moveTo(10)
    assert.deepEqual(sent(), [[1], [2], [3]])
    for (const run of runs) run.succeed()
    assert.deepEqual(await Promise.all([first, third]), [10, 30])
  })

  it('hear that it is too late when all lanes are stuck', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs } = batches({ lanes: 2, besideAfterMs: 5, now: () => time })
    const first = ask(1)
    await turn()
    const second = ask(2)
    time = 5
    t.mock.timers.tick(5)
    const late = assert.rejects(ask(3), { message: 'too late' })
    time = 3_005
    t.mock.timers.tick(3_000)
    await late
    for (const run of runs) run.succeed()
    assert.deepEqual(await Promise.all([first, second]), [10, 20])
  })

  it('wait for nobody once they fill a run', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { ask, runs, sent } = batches({ lanes: 2, besideAfterMs: 5, most: 2 })
    const answers = Promise.all([1, 2, 3, 4].map(ask))
    await turn()
    assert.deepEqual(sent(), [
      [1, 2],
      [3, 4],
    ])
    for (const run of runs) run.succeed()
    assert.deepEqual(await answers, [10, 20, 30, 40])
  })

  it('and find a run full wait for the next one no longer than others do', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs, sent } = batches({ lanes: 2, besideAfterMs: 5, most: 2, now: () => time })
    const answers = Promise.all([1, 2, 3].map(ask))
    await turn()
    assert.deepEqual(sent(), [[1, 2]])
    time = 5
    t.mock.timers.tick(5)
    assert.deepEqual(sent(), [[1, 2], [3]])
    for (const run of runs) run.succeed()
    assert.deepEqual(await answers, [10, 20, 30])
  })

  it('are no more than the bound in one run, and no more runs than lanes are under way', async () => {
    const { ask, runs, sent } = batches({ lanes: 2, most: 2 })
    const answers = Promise.all([1, 2, 3, 4, 5].map(ask))
    await turn()
    const before = sent().map((asks) => [...asks])
    runs[0]?.succeed()
    await turn()
    await turn()
    for (const run of runs) run.succeed()
    assert.deepEqual(await answers, [10, 20, 30, 40, 50])
    assert.deepEqual(
      [before, sent()],
      [
        [
          [1, 2],
          [3, 4],
        ],
        [[1, 2], [3, 4], [5]],
      ],
    )
  })

  it('of a run that fails all hear of it, and the next run begins as if nothing had been', async () => {
    const { ask, runs } = batches()
    const failed = Promise.allSettled([ask(1), ask(2)])
    await turn()
    const waiting = ask(3)
    const error = new Error('gone')
    runs[0]?.fail(error)
    assert.deepEqual(
      (await failed).map((one) => one.status === 'rejected' && one.reason),
      [error, error],
    )
    await turn()
    runs[1]?.succeed()
    assert.equal(await waiting, 30)
  })

  it('are refused at once when as many wait as may, and those who wait go on', async () => {
    const { ask, runs, sent } = batches({ waiting: 2 })
    const first = ask(1)
    await turn()
    const waiting = Promise.all([ask(2), ask(3)])
    await assert.rejects(ask(4), { message: 'too many' })
    runs[0]?.succeed()
    await first
    await turn()
    const again = ask(5)
    runs[1]?.succeed()
    assert.deepEqual(await waiting, [20, 30])
    await turn()
    runs[2]?.succeed()
    assert.equal(await again, 50)
    assert.deepEqual(sent(), [[1], [2, 3], [5]])
  })

  it('hear with a run that did not get its turn that they do not either, and wait no second time', async () => {
    const { ask, runs, sent } = batches()
    const first = assert.rejects(ask(1), { message: 'no turn' })
    await turn()
    const waiting = assert.rejects(ask(2), { message: 'no turn' })
    runs[0]?.fail(new Error('no turn'))
    await Promise.all([first, waiting])
    const next = ask(3)
    await turn()
    runs[1]?.succeed()
    assert.equal(await next, 30)
    assert.deepEqual(sent(), [[1], [3]])
  })

  it('hear that it is too late when no run began in time, and are in none', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let time = 0
    const { ask, runs, sent } = batches({ now: () => time })
    const first = ask(1)
    await turn()
    const late = assert.rejects(ask(2), { message: 'too late' })
    time = 3_000
    t.mock.timers.tick(3_000)
    await late
    runs[0]?.succeed()
    await first
    await turn()
    assert.deepEqual(sent(), [[1]])
  })
})
