import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { namedSurvivors, scoreOf, surplus, survivorsOf } from '../scripts/mutation/survivors.ts'

const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/security/mutation-survivors.md', root), 'utf8')
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')

describe('the page of the mutants that survive', () => {
  it('has a row of three cells for each, which its readers understand', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'))
    assert.equal(namedSurvivors(page).length, rows.length)
    assert.ok(rows.length > 0)
  })

  for (const survivor of new Set(namedSurvivors(page))) {
    const [, path = '', original = ''] = /^(\S+): (.+) → /.exec(survivor) ?? []
    it(`names code that is still there: ${path}: ${original}`, () => {
      assert.ok(existsSync(new URL(path, root)))
      assert.ok(oneLine(readFileSync(new URL(path, root), 'utf8')).includes(original))
    })
  }
})

describe('the report of a run', () => {
  const source = 'const a = 1\nconst b = a ||\n  2\n'
  const at = (line: number, from: number, to: number, last = line) => ({
    start: { line, column: from },
    end: { line: last, column: to },
  })
  const mutants = [
    { status: 'Survived', replacement: 'a &&\n 2', location: at(2, 11, 4, 3) },
    { status: 'NoCoverage', replacement: '0', location: at(1, 11, 12) },
    { status: 'Killed', replacement: '2', location: at(1, 11, 12) },
    { status: 'Timeout', replacement: '3', location: at(1, 11, 12) },
    { status: 'RuntimeError', replacement: '4', location: at(1, 11, 12) },
  ] as const

  it('names each mutant that no test noticed by its code before and after, on one line', () => {
    assert.deepEqual(survivorsOf('src/x.ts', { source, mutants }), ['src/x.ts: a || 2 → a && 2', 'src/x.ts: 1 → 0'])
  })

  it('counts what was noticed among what could run', () => {
    assert.equal(scoreOf('x', mutants).text, 'x: 2 of 4 mutants noticed, 50.00 %')
    assert.equal(scoreOf('x', []).score, 100)
  })

  it('is compared with rows in which a bar is escaped', () => {
    const row = '| `src/x.ts` | `` a \\|\\| 2 → a && 2 `` | It is so. |'
    assert.deepEqual(namedSurvivors(row), ['src/x.ts: a || 2 → a && 2'])
  })

  it('leaves over what survives more often than it is named', () => {
    assert.deepEqual(surplus(['a', 'b', 'a'], ['a']), ['b', 'a'])
    assert.deepEqual(surplus(['a'], ['b', 'a']), [])
  })
})
