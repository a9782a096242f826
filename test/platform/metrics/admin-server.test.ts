import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../../src/platform/log.ts'
import { openAdminServer } from '../../../src/platform/metrics/admin-server.ts'

test('a scrape that fails is answered and told of, and the next one is as good as any', async (t) => {
  const lines: string[] = []
  const log = createLog('info', { write: (line) => void lines.push(line) })
  let isBroken = true
  const server = await openAdminServer({ host: '127.0.0.1', port: 0, log }, async () => {
    if (isBroken) throw new Error('broken')
    return 'up 1\n'
  })
  t.after(server.close)
  const scrape = async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    return [answer.status, await answer.text()]
  }
  assert.deepEqual(await scrape(), [500, 'The metrics could not be told: see the log.\n'])
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ msg, err }) => [msg, err.message]),
    [['the metrics could not be told', 'broken']],
  )
  isBroken = false
  assert.deepEqual(await scrape(), [200, 'up 1\n'])
})
