import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { callerOf } from '../../../src/platform/http/caller.ts'
import { createServer } from '../../../src/platform/http/server.ts'
import { createLog } from '../../../src/platform/log.ts'
import { rawRequest, sendRaw } from '../../support/raw-http.ts'

/** A server with a route that answers when it is released, or never when its client has gone. */
async function listening(t: TestContext) {
  const lines: string[] = []
  const log = createLog('debug', { write: (line) => void lines.push(line) })
  const app = await createServer({
    log,
    publicUrl: 'http://localhost:1602',
    corsOrigins: [],
    trustedProxies: [],
    translate: () => null,
  })
  t.after(() => app.close())
  const sockets = new Set<Socket>()
  const signals: AbortSignal[] = []
  let release = Promise.withResolvers<void>()
  app.post('/waits', { config: { access: 'public' } }, async (request, reply) => {
    const { gone } = callerOf(request)
    assert.ok(gone)
    sockets.add(request.raw.socket)
    signals.push(gone)
    app.server.emit('waiting')
    const left = Promise.withResolvers<void>()
    gone.addEventListener('abort', () => left.resolve())
    await Promise.race([release.promise, left.promise])
    gone.throwIfAborted()
    return reply.send({ signals: signals.length })
  })
  app.post('/hurries', { config: { access: 'public' } }, async (request) => {
    sockets.add(request.raw.socket)
    const { ip } = callerOf(request)
    return { ip }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    url,
    sockets,
    signals,
    told: () => lines.map((line) => JSON.parse(line)),
    release: () => release.resolve(),
    hold: () => {
      release = Promise.withResolvers<void>()
    },
  }
}

const post = (path: string) =>
  rawRequest(`POST ${path}`, ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 2'], '{}')

/** As many requests as wait after `write` are waited for. */
async function waiting(server: Awaited<ReturnType<typeof listening>>, count: number) {
  while (server.signals.length < count) await once(server.app.server, 'waiting')
}

test('a request that is answered was never taken for one whose client has gone', async (t) => {
  const server = await listening(t)
  server.release()
  const { answers } = await sendRaw(server.url, post('/waits').repeat(3), 3)
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
})

test('a client that hangs up is noticed at once, answered nothing, and told of in one line', async (t) => {
  const server = await listening(t)
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write(post('/waits'))
  await waiting(server, 1)
  const [signal] = server.signals
  assert.equal(signal?.aborted, false)
  socket.destroy()
  if (signal && !signal.aborted) await once(signal, 'abort')
  await server.app.close()
  assert.deepEqual(
    server.told().map(({ level, msg, route, status }) => ({ level, msg, route, status })),
    [{ level: 'info', msg: 'the client has gone before it was answered', route: '/waits', status: undefined }],
  )
})

test('all requests of a connection are left alone when it closes, without a listener for each', async (t) => {
  const warnings: Error[] = []
  const warn = (warning: Error) => warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const server = await listening(t)
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.write(post('/waits').repeat(30))
  await waiting(server, 30)
  const [held] = server.sockets
  const listeners = held?.listenerCount('close')
  socket.destroy()
  await Promise.all(server.signals.map(async (signal) => signal.aborted || once(signal, 'abort')))
  await server.app.close()
  assert.equal(server.told().length, 30)
  assert.ok(listeners !== undefined && listeners < 10, `${listeners} listeners`)
  assert.deepEqual(warnings, [])
})

test('a connection that stays has one listener, and one that never waited has none of it', async (t) => {
  const server = await listening(t)
  server.release()
  const closers = async (path: string, times: number) => {
    server.sockets.clear()
    const counts: number[] = []
    const count = () => counts.push(...[...server.sockets].map((socket) => socket.listenerCount('close')))
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    for (let turn = 0; turn < times; turn++) {
      socket.write(post(path))
      await once(socket, 'data')
      count()
    }
    socket.destroy()
    return counts
  }
  const [never] = await closers('/hurries', 1)
  assert.deepEqual(await closers('/hurries', 20), Array(20).fill(never))
  assert.deepEqual(await closers('/waits', 20), Array(20).fill((never ?? 0) + 1))
})
