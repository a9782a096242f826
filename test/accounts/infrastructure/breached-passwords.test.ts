import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import {
  type BreachCheckOptions,
  breachedPasswordsHibp,
} from '../../../src/accounts/infrastructure/breached-passwords.hibp.ts'

const password = 'tea with milk, and nothing else'
const sum = createHash('sha1').update(password).digest('hex').toUpperCase()
const [prefix, suffix] = [sum.slice(0, 5), sum.slice(5)]
const other = (first: string) => `${first}${'0'.repeat(34)}`
const seen = (count: number) => `${other('A')}:3\r\n${suffix}:${count}\r\n${other('B')}:0`

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const answering =
  (body: string, status = 200, headers = {}): Handler =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

/** A stand-in for the service that is asked, whose behaviour a test may change; the log; and a clock of the test's own. */
async function stub(t: TestContext, handler: Handler, options: Partial<BreachCheckOptions> = {}) {
  const requests: IncomingMessage[] = []
  const log: string[] = []
  let time = 0
  const world = { handler, requests, log, pass: (ms: number) => (time += ms) }
  const server = createServer((request, response) => {
    requests.push(request)
    world.handler(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  t.after(close)
  const isBreached = breachedPasswordsHibp({
    log: {
      info: (message) => void log.push(`info ${message}`),
      warn: ({ because }, message) => void log.push(`warn ${because}: ${message}`),
    },
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    timeoutMs: 10_000,
    now: () => time,
    ...options,
  })
  return Object.assign(world, { isBreached, close })
}

test('a password that is in the answer is breached', async (t) => {
  assert.equal(await (await stub(t, answering(seen(1)))).isBreached(password), true)
})

test('a password that is not in the answer is not', async (t) => {
  const { isBreached, log } = await stub(t, answering(`${other('A')}:3\r\n${other('B')}:7\r\n`))
  assert.equal(await isBreached(password), false)
  assert.deepEqual(log, [])
})

test('a line of padding, with a count of 0, is no hit', async (t) => {
  assert.equal(await (await stub(t, answering(seen(0)))).isBreached(password), false)
})

test('what leaves the process is five digits of the sum, in a request that asks for padding and names its sender', async (t) => {
  const { isBreached, requests } = await stub(t, answering(seen(1)))
  await isBreached(password)
  const [request] = requests
  assert(request)
  assert.equal(`${request.method} ${request.url}`, `GET /range/${prefix}`)
  assert.equal(request.headers['add-padding'], 'true')
  assert.equal(request.headers['user-agent'], 'latchkey')
  const sent = request.rawHeaders.join('\n')
  for (const word of [password, sum, suffix, 'cookie', 'authorization']) {
    assert.ok(!sent.toLowerCase().includes(word.toLowerCase()), word)
  }
})

const outages: [what: string, handler: Handler, because: string][] = [
  ['503', answering('down', 503), 'status 503'],
  ['429', answering('slower', 429, { 'retry-after': '2' }), 'status 429'],
  ['404', answering('', 404), 'status 404'],
  ['204', answering('', 204), 'status 204'],
  ['garbage', answering('<html>hello</html>'), 'unreadable answer'],
  ['nothing', answering(''), 'unreadable answer'],
  ['bytes that are no text', answering('\xff\xfe\0'), 'unreadable answer'],
  ['a line that is no line among good ones', answering(`${seen(1)}\n<script>`), 'unreadable answer'],
  ['a whole sum instead of its rest', answering(`${sum}:3`), 'unreadable answer'],
  ['a megabyte', answering(`${other('A')}:3\n`.repeat(27_000)), 'answer too long'],
  [
    'an answer without an end',
    (_, response) => {
      const write = () => {
        while (!response.destroyed && response.write(`${other('A')}:3\n`.repeat(100)));
      }
      response.on('drain', write)
      write()
    },
    'answer too long',
  ],
  ['a redirect', answering('', 302, { location: '/range/00000' }), 'network error'],
  ['a connection that is cut', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
  [
    'an answer that is cut',
    (request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write(seen(1), () => request.socket.destroy())
    },
    'UND_ERR_SOCKET',
  ],
]

for (const [what, handler, because] of outages) {
  test(`${what} lets the password through, and is logged without it and without its digits`, async (t) => {
    const { isBreached, requests, log } = await stub(t, handler)
    assert.equal(await isBreached(password), false)
    assert.equal(requests.length, 1)
    assert.deepEqual(log, [`warn ${because}: breached passwords can not be looked up: they are accepted meanwhile`])
    for (const word of [password, sum, suffix, prefix]) {
      assert.ok(!log.join().toLowerCase().includes(word.toLowerCase()), word)
    }
  })
}

for (const [what, handler] of [
  ['no answer', () => undefined],
  ['an answer that stops in its middle', (_, response) => response.writeHead(200).write(seen(1))],
] satisfies [string, Handler][]) {
  test(`${what} lets the password through when the time is over`, async (t) => {
    const { isBreached, log } = await stub(t, handler, { timeoutMs: 50 })
    assert.equal(await isBreached(password), false)
    assert.match(log.join(), /^warn no answer in time/)
  })
}

test('nobody at the address lets the password through', async (t) => {
  const { isBreached, close, log } = await stub(t, answering(seen(1)))
  await close()
  assert.equal(await isBreached(password), false)
  assert.match(log.join(), /^warn ECONNREFUSED/)
})

test('an outage costs one attempt a minute and one line in the log, however many passwords are set', async (t) => {
  const world = await stub(t, answering('down', 503))
  for (let minute = 0; minute < 3; minute++) {
    for (let call = 0; call < 20; call++) assert.equal(await world.isBreached(password), false)
    assert.equal(world.requests.length, minute + 1)
    world.pass(59_999)
    assert.equal(await world.isBreached(password), false)
    assert.equal(world.requests.length, minute + 1)
    world.pass(1)
  }
  assert.equal(world.log.length, 1)
})

test('when the outage is over passwords are looked up again, and the log says so once', async (t) => {
  const world = await stub(t, answering('down', 503))
  await world.isBreached(password)
  world.handler = answering(seen(1))
  world.pass(60_000)
  for (let call = 0; call < 3; call++) assert.equal(await world.isBreached(password), true)
  assert.equal(world.requests.length, 4)
  assert.deepEqual(world.log.slice(1), ['info breached passwords are looked up again'])
  world.handler = answering('down', 503)
  await world.isBreached(password)
  assert.equal(world.log.length, 3)
})

test('one caller alone tries whether the outage is over, and the others do not wait for it', async (t) => {
  const world = await stub(t, answering('down', 503))
  await world.isBreached(password)
  world.pass(60_000)
  const asked = Promise.withResolvers<ServerResponse>()
  world.handler = (_, response) => asked.resolve(response)
  const trying = world.isBreached(password)
  const response = await asked.promise
  for (let call = 0; call < 20; call++) assert.equal(await world.isBreached(password), false)
  response.end(seen(1))
  assert.equal(await trying, true)
  assert.equal(world.requests.length, 2)
})

test('what was asked before an outage does not end it', async (t) => {
  const asked = Promise.withResolvers<ServerResponse>()
  const world = await stub(t, (_, response) => asked.resolve(response))
  const early = world.isBreached(password)
  const response = await asked.promise
  world.handler = answering('down', 503)
  await world.isBreached(password)
  response.end(seen(1))
  assert.equal(await early, true)
  assert.equal(await world.isBreached(password), false)
  assert.equal(world.requests.length, 2)
  assert.equal(world.log.length, 1)
})

test('no more than 32 questions are open at one moment; who comes then is let through unasked, and that is logged once a minute', async (t) => {
  const waiting: ServerResponse[] = []
  const all = Promise.withResolvers<void>()
  const world = await stub(t, (_, response) => {
    if (waiting.push(response) === 32) all.resolve()
  })
  const asked = Array.from({ length: 32 }, () => world.isBreached(password))
  await all.promise
  for (const minute of [1, 2]) {
    for (let call = 0; call < 20; call++) assert.equal(await world.isBreached(password), false)
    assert.equal(world.log.length, minute)
    world.pass(59_999)
    assert.equal(await world.isBreached(password), false)
    assert.equal(world.log.length, minute)
    world.pass(1)
  }
  for (const response of waiting) response.end(seen(1))
  assert.deepEqual(await Promise.all(asked), Array(32).fill(true))
  assert.equal(world.requests.length, 32)
  const words = 'warn 32 are looked up at once: some passwords are accepted without a look-up in breaches'
  assert.deepEqual(world.log, [words, words])
})
