import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { progressLine, progressOn } from '../../src/cli/progress.ts'

describe('progress', () => {
  it('says how much of how much is done, how fast, and how long the rest takes', () => {
    assert.equal(
      progressLine('audit export', 12_500, 50_000, 5),
      'audit export  [#####...............]  25 %  12 500 of 50 000  2 500/s  15 s left',
    )
    assert.equal(progressLine('x', 1, 3601, 1), 'x  [....................]  0 %  1 of 3 601  1/s  1 h 0 min left')
    assert.equal(progressLine('x', 61, 122, 1).slice(-9), ' 1 s left')
    assert.equal(progressLine('x', 7, 6, 1), 'x  [####################]  100 %  7 of 6  7/s  0 s left')
    assert.equal(progressLine('x', 0, 10, 0), 'x  [....................]  0 %  0 of 10  0/s')
    assert.equal(progressLine('users list', 12_345, null, 2), 'users list  12 345  6 173/s')
  })

  it('is written where somebody looks, now and then, and leaves nothing behind', () => {
    const written: string[] = []
    let now = 0
    const stderr = { isTTY: true, write: (text: string) => written.push(text) } as never
    const progress = progressOn({ stderr }, 'x', () => now)
    progress.at(1, 10)
    assert.deepEqual(written, [], 'what is over soon needs no line')
    now = 200
    progress.at(2, 10)
    progress.at(3, 10)
    progress.end()
    assert.deepEqual(written, ['\r\x1b[Kx  [####................]  20 %  2 of 10  10/s  1 s left', '\r\x1b[K'])
  })

  it('is not written into a file', () => {
    const stderr = { isTTY: false, write: () => assert.fail() } as never
    const progress = progressOn({ stderr }, 'x', () => 1_000_000)
    progress.at(1, 10)
    progress.end()
  })
})
