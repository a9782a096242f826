import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { metricsPage } from '../../../scripts/generate-metrics-docs.ts'
import { limits } from '../../../src/throttle/domain/limit.ts'

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')

test('docs/metrics.md has every metric that is told; `npm run generate:metrics` writes it', async () => {
  assert.equal(page, await metricsPage(page))
})

test('docs/metrics.md has every limit that can be hit', () => {
  const [, documented = ''] = /^\| `limit` \| ([^:]+):/m.exec(page) ?? []
  assert.deepEqual(
    documented.split(', ').toSorted(),
    Object.values(limits)
      .map(({ name }) => `\`${name}\``)
      .toSorted(),
  )
})
