import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { page, reasons } from '../scripts/dependencies.ts'

const root = join(import.meta.dirname, '..')
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const names = Object.keys(dependencies).toSorted()

describe('a dependency of the service', () => {
  test('has a reason and a row in docs/dependencies.md: if not, run `node scripts/dependencies.ts`', () => {
    assert.deepEqual(Object.keys(reasons).toSorted(), names)
    const rows = [...readFileSync(page, 'utf8').matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)]
    assert.deepEqual(rows.map(([, name = '']) => name).toSorted(), names)
    for (const [, name = '', reason] of rows) assert.equal(reason, reasons[name], name)
  })

  test('is imported by the service for more than its types, and nothing else is', () => {
    const imported = new Set<string>()
    for (const path of globSync('src/**/*.ts', { cwd: root })) {
      const source = readFileSync(join(root, path), 'utf8')
      const imports = /^(?:import|export) (?!type\b)[^;]*?from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm
      for (const [, stated, late] of source.matchAll(imports)) {
        const module = stated ?? late ?? ''
        if (!module.startsWith('node:')) imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? '')
      }
    }
    assert.deepEqual([...imported].toSorted(), names)
  })
})
