import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLog } from '../../src/platform/log.ts'
import { createScheduler } from '../../src/platform/scheduler.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('work in the background', () => {
  it('that goes on to fail is told of once an hour, and once when it succeeds again', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const lines: { level: string; msg: string; attempts?: number }[] = []
    const log = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
    const time = { now: 0, fails: true, runs: 0 }
    const scheduler = createScheduler(log, () => time.now)
    scheduler.every(60, 'some work', async () => {
      time.runs++
      if (time.fails) throw new Error('no')
    })
    const minutes = async (count: number) => {
      for (let minute = 0; minute < count; minute++) {
        time.now += 60_000
        // More than the longest wait, and less than two.
        t.mock.timers.tick(66_001)
        await turn()
      }
    }
    await minutes(60)
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['background work fails; it is tried again'],
    )
    await minutes(121)
    assert.equal(time.runs, 181)
    assert.deepEqual(
      lines.map(({ msg, attempts }) => [msg, attempts]),
      [1, 61, 121, 181].map((attempts) => ['background work fails; it is tried again', attempts]),
    )
    time.fails = false
    await minutes(2)
    assert.equal(lines.at(-1)?.msg, 'background work goes on')
    time.fails = true
    await minutes(2)
    assert.equal(lines.length, 6)
    assert.equal(lines.at(-1)?.attempts, 1)
    await scheduler.stop()
  })

  it('is told when the process ends, and waited for', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const scheduler = createScheduler(createLog('silent'))
    const steps: string[] = []
    scheduler.every(3600, 'long work', async (stop) => {
      await new Promise((resolve) => stop.addEventListener('abort', resolve))
      steps.push('told')
      await turn()
      steps.push('done')
    })
    t.mock.timers.tick(60_000)
    await scheduler.stop()
    assert.deepEqual(steps, ['told', 'done'])
  })
})
