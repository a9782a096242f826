import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { table } from '../../src/cli/table.ts'
import { outputOf } from '../../src/cli/terminal.ts'
import { pointInTime } from '../../src/cli/words.ts'

const outputTo = (stdout: object, color = true, env = {}) =>
  outputOf({ stdout, stderr: {}, stdin: {}, env } as never, { json: false, color })

describe('a table', () => {
  const rows = [
    [7, 'jane@example.com', null],
    [1234, 'j@example.com', 'x'.repeat(100)],
  ]

  it('has columns as wide as their widest cell, and a sign for what is not there', () => {
    const text = table(outputTo({}), ['ID', 'E-MAIL', 'NOTE'], rows)
    assert.deepEqual(text.split('\n').slice(0, 2), ['ID    E-MAIL            NOTE', '7     jane@example.com  -'])
  })

  it('is cut where a terminal ends, and whole in a pipe', () => {
    const widthOf = (stdout: object) =>
      Math.max(
        ...table(outputTo(stdout, false), ['A', 'B', 'C'], rows)
          .split('\n')
          .map((line) => line.length),
      )
    assert.equal(widthOf({ isTTY: true, columns: 40 }), 40)
    assert.equal(widthOf({}), 124)
  })

  it('moves no cursor, whatever stands in it', () => {
    assert.ok(!/\p{Cc}/u.test(table(outputTo({}), ['A'], [['\x1b[2Ja\x07\u009b31m']]).replaceAll('\n', '')))
  })

  it('has colours on a terminal alone, unless that is not wanted', () => {
    const coloured = (stdout: object, color: boolean, env: object) =>
      table(outputTo(stdout, color, env), ['A'], []).includes('\x1b[1m')
    const terminal = { isTTY: true, columns: 80 }
    assert.equal(coloured(terminal, true, {}), true)
    assert.equal(coloured(terminal, true, { NO_COLOR: '' }), true)
    for (const [stdout, color, env] of [
      [{}, true, {}],
      [terminal, false, {}],
      [terminal, true, { NO_COLOR: '1' }],
      [terminal, true, { TERM: 'dumb' }],
    ] as const)
      assert.equal(coloured(stdout, color, env), false)
  })
})

describe('a point in time', () => {
  it('is a day, a time with its zone, or so long ago', () => {
    const now = Date.parse('2026-11-24T12:00:00Z')
    const at = (text: string) => pointInTime(text, now).toISOString()
    assert.equal(at('2026-11-24'), '2026-11-24T00:00:00.000Z')
    assert.equal(at('2026-11-24T12:00:00+01:00'), '2026-11-24T11:00:00.000Z')
    assert.deepEqual([at('90m'), at('2d')], ['2026-11-24T10:30:00.000Z', '2026-11-22T12:00:00.000Z'])
  })

  it('is nothing that could be read in two ways', () => {
    for (const text of ['', 'yesterday', '11/24/2026', '2026-13-01', '2026-11-24T12:00:00', '5', '5w', '-1d'])
      assert.throws(() => pointInTime(text), /A day such as/)
  })
})
