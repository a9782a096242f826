import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { defaultHttpBounds } from '../../../src/platform/http/bounds.ts'
import { callerOf } from '../../../src/platform/http/caller.ts'
import { createServer } from '../../../src/platform/http/server.ts'
import { createLog } from '../../../src/platform/log.ts'
import type { Watch } from '../../../src/platform/watch.ts'
import { rawRequest, sendRaw } from '../../support/raw-http.ts'

/** A server whose watch writes down what it is told of requests. */
async function watched(t: TestContext) {
  const told: string[] = []
  const nothing = () => undefined
  const watch: Watch = {
    traces: false,
    begun: (_message, _requestId, proceed) => proceed(),
    resumed: (_message, proceed) => proceed(),
    refused: nothing,
    answered: (_message, { method, route, status }) => void told.push(`${method} ${route} ${status}`),
    unread: (status) => void told.push(`unread ${status}`),
    hungUp: (_message, { method, route }) => void told.push(`${method} ${route} hung up`),
    statement: nothing,
    hashed: nothing,
    refreshed: nothing,
    workerDied: nothing,
    look: nothing,
  }
  const app = await createServer({
    log: createLog('silent', { write: nothing }),
    publicUrl: 'http://localhost:1602',
    corsOrigins: [],
    trustedProxies: [],
    translate: () => null,
    bounds: { ...defaultHttpBounds(), headersTimeout: 200, requestTimeout: 400, checkEvery: 50 },
    watch,
  })
  t.after(() => app.close())
  const release = Promise.withResolvers<void>()
  let count = 0
  const came = async (wanted: number) => {
    while (count < wanted) await once(app.server, 'came')
  }
  app.addHook('onRequest', async () => {
    count++
    app.server.emit('came')
  })
  const access = { config: { access: 'public' } } as const
  app.post('/answers', access, async () => {
    await release.promise
    return { done: true }
  })
  app.post('/minds', access, async (request) => {
    const { gone } = callerOf(request)
    if (gone && !gone.aborted) await once(gone, 'abort')
    gone?.throwIfAborted()
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const closed: Promise<unknown>[] = []
  app.server.on('connection', (socket: Socket) => closed.push(new Promise((resolve) => socket.on('close', resolve))))
  /** Resolves once the server knows, and has done what it still had to do. */
  const end = async () => {
    await Promise.all(closed)
    release.resolve()
    await app.close()
    await new Promise(setImmediate)
  }
  const send = (bytes: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(bytes)
    return socket
  }
  return { url, told, came, send, end, release: release.resolve }
}

const post = (path: string, body = '{}') =>
  rawRequest(`POST ${path}`, ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 2'], body)

test('a request that is answered is told of once, and its client is not taken for one that has gone', async (t) => {
  const { url, told, release, end } = await watched(t)
  release()
  await sendRaw(url, post('/answers').repeat(3), 3)
  await end()
  assert.deepEqual(told, Array(3).fill('POST /answers 200'))
})

for (const [what, path] of [
  ['answers all the same', '/answers'],
  ['minds that nobody waits', '/minds'],
] as const) {
  test(`requests whose client has gone are told of once each, by a route that ${what}`, async (t) => {
    const { told, came, send, end } = await watched(t)
    const socket = send(post(path).repeat(3))
    await came(3)
    socket.destroy()
    await end()
    assert.deepEqual(told, Array(3).fill(`POST ${path} hung up`))
  })
}

test('a request whose client has gone before its body came is told of once, with a route or without', async (t) => {
  for (const [path, route] of [
    ['/answers', '/answers'],
    ['/nowhere', 'none'],
  ] as const) {
    const { told, came, send, end } = await watched(t)
    const socket = send(post(path, '{'))
    await came(1)
    socket.resetAndDestroy()
    await end()
    assert.deepEqual(told, [`POST ${route} hung up`])
  }
})

test('a request whose body never comes, or ends too early, is told of once: as unread', async (t) => {
  const late = await watched(t)
  const { answers } = await sendRaw(late.url, post('/answers', '{'))
  assert.equal(answers[0]?.status, 408)
  await late.end()
  assert.deepEqual(late.told, ['unread 408'])
  const early = await watched(t)
  const socket = early.send(post('/answers', '{'))
  await early.came(1)
  socket.end()
  await early.end()
  assert.deepEqual(early.told, ['unread 400'])
})
