import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
/** Node's arguments before the program that bound its memory. */
const bounds = (words: readonly string[]) => words.filter((word) => /^--(?:max|heap)-/.test(word))

const image = bounds(JSON.parse(/^CMD (\[.*\])$/m.exec(read('Dockerfile'))?.[1] ?? '[]'))
const npm = bounds(JSON.parse(read('package.json')).scripts.start.split(' '))

describe('the bounds on the memory', () => {
  test('are the same in the image and with npm', () => {
    assert.ok(image.length > 0)
    assert.deepEqual(npm, image)
  })

  test('are understood by Node: the young generation grows no further', () => {
    const code = `const kept = []
      for (let n = 0; n < 1e6; n++) kept.push({ n })
      const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
      console.log(young.space_size / 2 ** 20)`
    const run = (words: readonly string[]) => Number(execFileSync(process.execPath, [...words, '-e', code]))
    const megabytes = Number(image.map((word) => /^--max-semi-space-size=(\d+)$/.exec(word)?.[1]).find(Boolean))
    assert.ok(run(image) <= 2 * megabytes)
    assert.ok(run([]) > 2 * megabytes)
  })
})
