import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sanitizeUserAgent } from '../../src/kernel/user-agent.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'

const table: [what: string, header: string | null, kept: string | null][] = [
  ['no header', null, null],
  ['an empty one', '', null],
  ['spaces alone', '   ', null],
  ['control characters alone', '\x00\x1b\x7f', null],
  ['letters of other scripts alone', 'браузер', null],
  ["a browser's", firefox, firefox],
  ['spaces around', '  curl/8  ', 'curl/8'],
  ['a run of spaces', 'a    b', 'a b'],
  ['a tab', 'a\tb', 'a b'],
  ['a line break that would forge a log line', 'a\r\n{"level":"fatal"}', 'a {"level":"fatal"}'],
  ['a terminal escape', 'a\x1b[31mred', 'a [31mred'],
  ['NUL', 'a\0b', 'a b'],
  ['DEL', 'a\x7fb', 'a b'],
  ['Latin 1', 'caf\xe9 x', 'caf x'],
  ['a right-to-left override', 'a\u202egnp.exe', 'a gnp.exe'],
  ['an emoji, two units', 'a🔑b', 'a b'],
  ['markup, which is for whoever shows it to escape', '<script>', '<script>'],
  ['256 characters', 'x'.repeat(256), 'x'.repeat(256)],
  ['257 characters', 'x'.repeat(257), 'x'.repeat(256)],
  ['16 KiB', 'x'.repeat(16_384), 'x'.repeat(256)],
]
for (const [what, header, kept] of table) {
  test(`${what} is kept as ${kept === null ? 'nothing' : JSON.stringify(kept.slice(0, 40))}`, () => {
    assert.equal(sanitizeUserAgent(header), kept)
  })
}

test('what is kept is kept as it is a second time', () => {
  for (const [, header] of table) {
    const kept = sanitizeUserAgent(header)
    assert.equal(sanitizeUserAgent(kept), kept)
  }
})

test('a cut that ends on a space leaves none at the end', () => {
  assert.equal(sanitizeUserAgent(`${'x'.repeat(255)} y`), 'x'.repeat(255))
})
