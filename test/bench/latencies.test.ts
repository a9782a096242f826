import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { percentile, Recorder } from '../../bench/load/latencies.ts'
import { Rate } from '../../bench/load/rate.ts'
import { median } from '../../bench/report/median.ts'

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  const cases: [values: number[], share: number, expected: number][] = [
    [hundred, 0.5, 50],
    [hundred, 0.99, 99],
    [hundred, 0.999, 100],
    [hundred, 1, 100],
    [[7], 0.5, 7],
    [[7], 0.999, 7],
    [[1, 2], 0.5, 1],
    [[1, 2], 0.51, 2],
  ]
  for (const [values, share, expected] of cases) {
    it(`of ${values.length} values at ${share} is the ${expected}`, () => {
      assert.equal(percentile(values, share), expected)
    })
  }

  it('of no values is none', () => {
    assert.ok(Number.isNaN(percentile([], 0.5)))
  })
})

describe('a recorder', () => {
  it('keeps every duration, in whatever order it comes, beyond its first room', () => {
    const recorder = new Recorder<'me'>()
    for (let value = 10_000; value >= 1; value--) recorder.add('me', value)
    assert.equal(recorder.count, 10_000)
    assert.deepEqual(recorder.summary(), { p50: 5_000, p99: 9_900, p999: 9_990, max: 10_000 })
  })

  it('tells kinds apart, and all of them together', () => {
    const recorder = new Recorder<'me' | 'login'>()
    for (let count = 0; count < 99; count++) recorder.add('me', 1)
    recorder.add('login', 300)
    assert.deepEqual(recorder.byName(), {
      me: { p50: 1, p99: 1, p999: 1, max: 1 },
      login: { p50: 300, p99: 300, p999: 300, max: 300 },
    })
    assert.deepEqual(recorder.summary(), { p50: 1, p99: 1, p999: 300, max: 300 })
  })
})

describe('a rate', () => {
  /** As many threads in step as there are, each with one request of 220 ms after another. */
  function measured(threads: number, begin: number, milliseconds: number): number {
    const rate = new Rate()
    rate.begin(begin)
    for (let at = 0; at < begin + milliseconds; at += 220) {
      if (at + 220 >= begin + milliseconds) rate.end(begin + milliseconds)
      for (let thread = 0; thread < threads; thread++) rate.add(at, at + 220)
    }
    return rate.perSecond
  }

  it('is the true one where threads finish in step, wherever the round begins and ends', () => {
    for (const threads of [1, 2, 32]) {
      for (const begin of [1, 100, 219, 220, 330]) {
        for (const milliseconds of [220, 1_000, 2_345]) {
          const ratio = measured(threads, begin, milliseconds) / (threads / 0.22)
          assert.ok(Math.abs(ratio - 1) < 1e-9, `${threads} threads, ${begin}, ${milliseconds}: ${ratio}`)
        }
      }
    }
  })

  it('counts nothing of what was over before, or began after', () => {
    const rate = new Rate()
    rate.begin(1_000)
    rate.add(0, 1_000)
    rate.add(1_200, 1_300)
    rate.end(2_000)
    rate.add(2_000, 2_100)
    assert.equal(rate.perSecond, 1)
  })
})

describe('a median', () => {
  it('is the middle, or between the two in the middle', () => {
    assert.equal(median([9, 1, 5]), 5)
    assert.equal(median([10, 9, 1, 5]), 7)
    assert.equal(median([100]), 100)
    assert.ok(Number.isNaN(median([])))
  })

  it('orders numbers as numbers', () => {
    assert.equal(median([9, 10, 100]), 10)
  })
})
