import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { imageArguments } from './support/image-arguments.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
/** Node's arguments before the program that are about its memory. */
const bounds = (words: readonly string[]) =>
  words.filter((word) => /^--(?:max-|heap-|no-parallel-scavenge$)/.test(word))

const image = bounds(imageArguments())
const npm = bounds(JSON.parse(read('package.json')).scripts.start.split(' '))
const [, words = ''] = /^ *node (.*) node_modules\/latchkey\/dist\/main\.js$/m.exec(read('docs/package.md')) ?? []
const documented = bounds(words.split(' '))

describe('the bounds on the memory', () => {
  test('are the same in the image, with npm, and in what the page on the package says', () => {
    assert.equal(image.length, 3)
    assert.deepEqual(npm, image)
    assert.deepEqual(documented, image)
  })

  test('are understood by Node: the young generation may grow less, and so may the whole heap', () => {
    const code = 'console.log(v8.getHeapStatistics().heap_size_limit)'
    // Node ends at once where it does not know an argument.
    const limit = (words: readonly string[]) => Number(execFileSync(process.execPath, [...words, '-e', code]))
    assert.ok(limit(image) < limit([]))
  })
})
