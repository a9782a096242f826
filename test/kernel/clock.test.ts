import assert from 'node:assert/strict'
import { test } from 'node:test'
import { epochSeconds, isBefore } from '../../src/kernel/clock.ts'

const table: [what: string, moment: string, seconds: number][] = [
  ['the epoch', '1970-01-01T00:00:00.000Z', 0],
  ['the last millisecond of its first second', '1970-01-01T00:00:00.999Z', 0],
  ['the next second', '1970-01-01T00:00:01.000Z', 1],
  ['the example of RFC 7519, section 3.1', '2011-03-22T18:43:00.500Z', 1_300_819_380],
]
for (const [what, moment, seconds] of table) {
  test(`${what} is the NumericDate ${seconds}`, () => assert.equal(epochSeconds(new Date(moment)), seconds))
}

for (const [one, other, before] of [
  [999, 1000, true],
  [1000, 1000, false],
  [1001, 1000, false],
] as const) {
  test(`${one} ms is ${before ? '' : 'not '}before ${other} ms`, () => {
    assert.equal(isBefore(new Date(one), new Date(other)), before)
  })
}
