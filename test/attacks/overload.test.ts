import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connectionsWithin } from '../../src/platform/http/bounds.ts'
import { type BareOptions, type BareServer, startBareServer } from '../support/bare-server.ts'
import { inherited } from '../support/inherited.ts'
import { startPostgres } from '../support/postgres.ts'
import { assertRefused } from '../support/problems.ts'
import { processEnv } from '../support/processes.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

const base = ['Host: localhost', 'Connection: close']
const ask = async (url: string, line: string, headers: readonly string[] = []) =>
  (await sendRaw(url, rawRequest(line, [...base, ...headers]))).answers[0]

/** Runs `work` beside a server that has those bounds. */
async function within(bounds: BareOptions['bounds'], work: (server: BareServer) => Promise<void>): Promise<void> {
  const server = await startBareServer({ ...(bounds && { bounds }) })
  try {
    await work(server)
  } finally {
    await server.close()
  }
}

/** A connection, with all that has come back on it. */
function dial(url: string): { socket: Socket; closed: Promise<void>; text: () => string } {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  return { socket, closed, text: () => text }
}

const open = ({ app }: BareServer) =>
  new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)))

/** Waits for a state that comes sooner or later; the runner's own bound ends what never comes. */
async function until(reached: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await reached())) await sleep(10)
}

describe('what a request may hold', () => {
  // Counted are the address, the names and the values; what stands between them is not.
  const counted = ['/whence', ...base.flatMap((header) => header.split(': '))].join('').length
  const most = 16 * 1024 - 1 - counted

  test('is 16 KiB of headers and no byte more', () =>
    within({}, async ({ url }) => {
      const header = (length: number) => [`X-A: ${'a'.repeat(length - 'X-A'.length)}`]
      assert.equal((await ask(url, 'GET /whence', header(most)))?.status, 200)
      assertRefused(await ask(url, 'GET /whence', header(most + 1)), 431, 'headers_too_large')
      const many = Array.from({ length: 200 }, (_, index) => `X-${index}: ${'a'.repeat(Math.floor(most / 200))}`)
      assertRefused(await ask(url, 'GET /whence', many), 431, 'headers_too_large')
    }))

  test('is an address within the same 16 KiB and no byte more', () =>
    within({}, async ({ url }) => {
      assert.equal((await ask(url, `GET /whence?${'a'.repeat(most - 1)}`))?.status, 200)
      assertRefused(await ask(url, `GET /whence?${'a'.repeat(most)}`), 431, 'headers_too_large')
    }))

  test('is 1000 headers, of which the last counts, and the next is refused: none is left out in silence', async () => {
    const server = await startBareServer({ trustedProxies: ['127.0.0.1'] })
    try {
      const headers = (count: number) => [...Array(count - base.length - 1).fill('a:1'), 'X-Forwarded-For: 203.0.113.5']
      assert.equal((await ask(server.url, 'GET /whence', headers(1_000)))?.body.ip, '203.0.113.5')
      assertRefused(await ask(server.url, 'GET /whence', headers(1_001)), 431, 'headers_too_large')
      assertRefused(await ask(server.url, 'GET /whence', headers(1_400)), 431, 'headers_too_large')
    } finally {
      await server.close()
    }
  })
})

describe('connections', () => {
  test('are accepted up to the bound, closed at once beyond it, and accepted again when there is room', () =>
    within({ connections: 20 }, async (server) => {
      const held = Array.from({ length: 20 }, () => dial(server.url))
      await until(async () => (await open(server)) === 20)
      const beyond = Array.from({ length: 30 }, () => dial(server.url))
      await Promise.all(beyond.map(({ closed }) => closed))
      assert.equal(await open(server), 20)
      assert.ok(held.every(({ socket }) => !socket.destroyed))
      const said = server.lines().filter(({ msg }) => /beyond the bound/.test(String(msg)))
      assert.deepEqual(
        said.map(({ level, connections }) => [level, connections]),
        [['warn', 20]],
      )
      for (const { socket } of held) socket.destroy()
      await until(async () => (await open(server)) === 0)
      assert.equal((await ask(server.url, 'GET /health/live'))?.status, 200)
    }))

  test('are bounded below what the process may open, so that its database and its files have theirs', () => {
    for (const [files, connections] of [
      [Number.MAX_SAFE_INTEGER, 10_000],
      [20_000, 10_000],
      [4_096, 3_840],
      [1_024, 768],
      [300, 150],
      [1, 1],
    ] as const) {
      assert.equal(connectionsWithin(files), connections)
    }
  })

  const quick = { headersTimeout: 1_000, requestTimeout: 1_500, checkEvery: 50 }

  test('that send a byte now and then, in headers or in a body, stop nobody, and are closed with 408', () =>
    within({ headersTimeout: 5_000, requestTimeout: 5_000, checkEvery: 100 }, async (server) => {
      const slow = Array.from({ length: 500 }, (_, index) => {
        const one = dial(server.url)
        one.socket.write(
          index % 2
            ? 'GET /whence HTTP/1.1\r\nHost: localhost\r\nX-A: '
            : rawRequest('POST /echo', ['Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000']),
        )
        return one
      })
      const drip = setInterval(() => {
        for (const { socket } of slow) if (socket.writable) socket.write('1')
      }, 100)
      let gone = 0
      for (const { closed } of slow) closed.then(() => gone++)
      await until(async () => (await open(server)) >= 500)
      let answered = 0
      while (gone < 500) {
        assert.equal((await ask(server.url, 'GET /health/live'))?.status, 200)
        if (gone === 0) answered++
      }
      clearInterval(drip)
      assert.ok(answered > 0, 'nobody else was answered while all of them were there')
      // Who writes on while the connection is being closed may lose the answer to a reset of the connection.
      const texts = slow.map(({ text }) => text()).filter((text) => text !== '')
      assert.ok(texts.length > 0)
      for (const text of texts) assert.match(text, /^HTTP\/1\.1 408 .*"code":"request_timeout"/s)
    }))

  test('that never send anything are closed', () =>
    within(quick, async (server) => {
      const mute = Array.from({ length: 50 }, () => dial(server.url))
      await Promise.all(mute.map(({ closed }) => closed))
    }))

  test('that were answered and stay idle are closed', () =>
    within({ keepAlive: 100 }, async (server) => {
      const idle = dial(server.url)
      idle.socket.write(rawRequest('GET /whence', ['Host: localhost']))
      await idle.closed
      assert.match(idle.text(), /^HTTP\/1\.1 200 /)
    }))

  test('whose client never reads its answers are no longer read from, and are closed', () =>
    within({ silence: 1_000 }, async (server) => {
      const deaf = Array.from({ length: 4 }, () => {
        const { hostname, port } = new URL(server.url)
        const socket = connect(Number(port), hostname).on('error', () => undefined)
        socket.pause()
        // Most of a gibibyte of answers, in all.
        socket.write(rawRequest('GET /large', ['Host: localhost']).repeat(200))
        return socket
      })
      await until(() => server.served() > 0)
      assert.equal((await ask(server.url, 'GET /health/live'))?.status, 200)
      await until(async () => (await open(server)) === 0)
      for (const socket of deaf) socket.destroy()
      assert.ok(server.served() <= 4 * 32, `${server.served()} were served`)
    }))
})

describe('requests in one piece', () => {
  test('are answered in their order up to the bound; the next is refused, and ends the connection', () =>
    within({ pipelined: 5 }, async ({ url }) => {
      const request = rawRequest('GET /whence', ['Host: localhost'])
      const five = await sendRaw(url, request.repeat(5), 5)
      assert.deepEqual([five.closed, five.answers.map(({ status }) => status)], [false, Array(5).fill(200)])
      const { answers, closed } = await sendRaw(url, request.repeat(500), 500)
      assert.ok(closed)
      assert.equal(answers.length, 6)
      assert.ok(answers.slice(0, 5).every(({ status }) => status === 200))
      assertRefused(answers[5], 429, 'too_many_requests')
      assert.equal(answers[5]?.headers.get('connection'), 'close')
    }))

  test('are as many as one likes where each is sent after the answer before it', () =>
    within({ pipelined: 1 }, async ({ url }) => {
      const one = dial(url)
      const request = rawRequest('GET /health/live', ['Host: localhost'])
      for (let count = 1; count <= 50; count++) {
        one.socket.write(request)
        await until(() => one.text().split('HTTP/1.1 200 ').length === count + 1)
      }
      one.socket.destroy()
    }))
})

describe('a process that may open 300 files', () => {
  test('keeps some for its database while 600 connections come, closes those beyond, and recovers', async () => {
    await using server = await startPostgres()
    const { url: DATABASE_URL } = await server.createDatabase()
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'latchkey-files-'))
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const child = spawn('sh', ['-c', 'ulimit -n 300 && exec "$@"', 'sh', process.execPath, main], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...inherited(), ...processEnv, DATABASE_URL, DATA_DIR },
    })
    const ended = once(child, 'exit')
    try {
      let url = ''
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
        url ||= /"address":"([^"]+)"/.exec(said)?.[1] ?? ''
      })
      await until(() => url !== '' || child.exitCode !== null)
      const first = dial(url)
      await once(first.socket, 'connect')
      const many = Array.from({ length: 600 }, () => dial(url))
      let closed = 0
      for (const one of many) one.closed.then(() => closed++)
      await until(() => closed >= 450)
      // One that is held is served, with what it needs of the database.
      const json = JSON.stringify({ email: 'files@example.com', password: 'your_password_123' })
      const headers = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${json.length}`]
      first.socket.write(rawRequest('POST /api/v1/auth/register', headers, json))
      await until(() => first.text().includes('files@example.com') || first.socket.destroyed)
      assert.match(first.text(), /^HTTP\/1\.1 200 /)
      for (const { socket } of many) socket.destroy()
      await until(() =>
        fetch(`${url}/health/ready`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      )
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
      assert.match(said, /beyond the bound/)
    } finally {
      child.kill('SIGKILL')
      await rm(DATA_DIR, { recursive: true, force: true })
    }
  })
})

describe('the database', () => {
  test('that is fully busy has its callers refused in time, while the process lives, and serves on afterwards', async () => {
    const service = await startService({ env: { RATE_LIMIT: 'off' } })
    try {
      const { email, password } = await service.person()
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      const held: Promise<void>[] = []
      for (let count = 0; count < 10; count++) {
        await new Promise<void>((taken) => {
          const hold = async () => {
            taken()
            await released
          }
          held.push(service.service.database.connection().execute(hold))
        })
      }
      const login = () => service.call('POST', '/api/v1/auth/login', { json: { email, password } })
      const refused = [login(), ...Array.from({ length: 50 }, () => service.call('GET', '/health/ready'))]
      assert.equal((await service.call('GET', '/health/live')).status, 200)
      for (const answer of await Promise.all(refused)) assertRefused(answer, 503, 'database_unavailable')
      assert.equal((await service.call('GET', '/health/live')).status, 200)
      release()
      await Promise.all(held)
      assert.equal((await service.call('GET', '/health/ready')).status, 200)
      assert.equal((await login()).status, 200)
    } finally {
      await service.close()
    }
  })
})
