import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer } from '../../../src/platform/http/server.ts'
import { createLog } from '../../../src/platform/log.ts'

test('an answer that is given twice is a line of the log, and the service goes on', { timeout: 20_000 }, async (t) => {
  const lines: string[] = []
  const app = await createServer({
    log: createLog('info', { write: (line) => void lines.push(line) }),
    publicUrl: 'http://localhost:1602',
    corsOrigins: [],
    trustedProxies: [],
    translate: () => null,
  })
  t.after(() => app.close())
  app.get('/twice', { config: { access: 'public' } }, async (_request, reply) => {
    reply.send({ answers: 1 })
    reply.raw.write('once more')
    return reply
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  for (const turn of [1, 2]) {
    const response = await fetch(`${url}/twice`)
    assert.deepEqual(await response.json(), { answers: 1 })
    while (lines.length < turn) await new Promise(setImmediate)
  }
  const told = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    told.map(({ level, msg }) => `${level}: ${msg}`),
    Array(2).fill('error: an answer failed after it was given'),
  )
})
