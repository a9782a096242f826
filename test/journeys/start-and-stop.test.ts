import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Run, run, said } from '../support/command-line.ts'
import { begin } from '../support/in-flight.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { password } from '../support/service.ts'

describe('the process', () => {
  let server: TestPostgres
  let directory: string
  before(async () => {
    server = await startPostgres()
    directory = await mkdtemp(join(tmpdir(), 'latchkey-test-'))
  })
  after(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const environment = async () => ({
    DATABASE_URL: (await server.createDatabase()).url,
    DATA_DIR: directory,
    BCRYPT_COST: '10',
  })
  const post = (url: string, path: string, json: unknown) =>
    fetch(`${url}/api/v1/auth/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    })

  test('says where it is and where its data is, and keeps its secret key in a file of its own', async () => {
    const service = await start(await environment())
    assert.equal(await service.end(), 0)
    assert.match(service.texts.stderr, /is ready: http:\/\/localhost:1602\/api\/docs/)
    assert.match(service.texts.stderr, /Data: PostgreSQL at /)
    assert.equal((await stat(join(directory, 'secret.key'))).mode & 0o777, 0o600)
    for (const line of service.texts.stdout.trim().split('\n')) JSON.parse(line)
  })

  for (const workers of ['1', '2']) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const which = `${signal}, with ${workers} workers`
      test(`answers all of a hundred in flight after ${which}, refuses new connections, and ends with 0`, async () => {
        // A hash takes long on a busy machine, and those that wait for one are to be answered as well: few, for there are
        // ten seconds.
        const env = { RATE_LIMIT: 'off', HASH_DEADLINE: '60s', WORKERS: workers }
        const service = await start({ ...(await environment()), ...env })
        const person = { email: 'flight@example.com', password }
        assert.equal((await post(service.url, 'register', person)).status, 200)
        const { refresh_token } = (await (await post(service.url, 'login', person)).json()) as Record<string, string>
        const [registrations, logouts] = await Promise.all([
          Promise.all(Array.from({ length: 2 }, () => begin(service.url))),
          Promise.all(Array.from({ length: 98 }, () => begin(service.url, 'logout', refresh_token))),
        ])
        const ended = service.end(signal)
        await said(service, 'stopping')
        await refusal(service.url)
        const people = registrations.map((call, index) =>
          call.finish({ email: `flight-${index}@example.com`, password }),
        )
        const statuses = await Promise.all([...people, ...logouts.map((call) => call.finish())])
        assert.deepEqual(statuses, [...Array(2).fill(200), ...Array(98).fill(204)])
        assert.equal(await ended, 0)
      })
    }

    test(`ends at once at a second signal, with another code than 0, with ${workers} workers`, async () => {
      const service = await start({ ...(await environment()), WORKERS: workers })
      // A request whose body never comes holds the first signal's patience.
      const call = await begin(service.url)
      const ended = service.end()
      await said(service, 'stopping')
      service.child.kill('SIGTERM')
      assert.equal(await ended, 1)
      await assert.rejects(call.finish({}))
    })
  }

  test('denies readiness as soon as it is asked to end, and serves for as long as SHUTDOWN_DELAY says', async () => {
    const service = await start({ ...(await environment()), SHUTDOWN_DELAY: '2s' })
    assert.equal((await fetch(`${service.url}/health/ready`)).status, 200)
    const asked = performance.now()
    const ended = service.end()
    await said(service, 'stopping')
    // Each on a connection of its own, as who comes now has none yet.
    const headers = { connection: 'close' }
    const ready = await fetch(`${service.url}/health/ready`, { headers })
    assert.equal(ready.status, 503)
    assert.equal(((await ready.json()) as { code: string }).code, 'shutting_down')
    assert.equal((await fetch(`${service.url}/health/live`, { headers })).status, 200)
    assert.equal((await post(service.url, 'register', { email: 'late@example.com', password })).status, 200)
    assert.equal(await ended, 0)
    assert.ok(performance.now() - asked >= 2_000)
  })

  test('what was acknowledged is there after kill -9', async () => {
    const env = { DATA_DIR: join(directory, 'embedded'), BCRYPT_COST: '10' }
    const first = await start(env)
    const person = { email: 'durable@example.com', password }
    assert.equal((await post(first.url, 'register', person)).status, 200)
    await first.end('SIGKILL')
    const second = await start(env)
    assert.equal((await post(second.url, 'login', person)).status, 200)
    await second.end('SIGKILL')
  })

  test('a second process on the same data directory is refused with a sentence that names the first', async () => {
    const env = { DATA_DIR: join(directory, 'shared'), BCRYPT_COST: '10' }
    const first = await start(env)
    const { ended, texts } = run({ ...env, PORT: '0', PUBLIC_URL: 'http://localhost:1602' })
    assert.equal(await ended, 1)
    assert.match(texts.stderr, new RegExp(`^latchkey: The data directory .* is in use by .*${first.child.pid}`))
    assert.equal(await first.end(), 0)
  })

  const failures: [string, Record<string, string>, RegExp][] = [
    [
      'a variable that is wrong',
      { PORT: 'x', LOG_LEVEL: 'loud' },
      /^latchkey: PORT must be .*\nlatchkey: LOG_LEVEL must be .*\n$/,
    ],
    [
      'a database that does not answer',
      { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x' },
      /^latchkey: The database at 127\.0\.0\.1:9 does not answer \(ECONNREFUSED\)\. Check DATABASE_URL\.\n$/,
    ],
  ]
  for (const [name, env, sentence] of failures) {
    test(`a start that fails for ${name} says why in a sentence and ends with 1`, async () => {
      const { ended, texts } = run({ DATA_DIR: directory, ...env })
      assert.equal(await ended, 1)
      assert.match(texts.stderr, sentence)
      assert.ok(!texts.stderr.includes('hunter2'))
    })
  }

  test('a start on a port that is taken, or under another secret key, says so', async () => {
    const env = await environment()
    const service = await start({ ...env, SECRET_KEY: 'Zk3vTq8LwX2mPd7RbN5sYh9cJf4gKa6uQe1oWi0zVx' })
    const { port } = new URL(service.url)
    for (const WORKERS of ['1', '2']) {
      const taken = run({ ...env, SECRET_KEY: 'Zk3vTq8LwX2mPd7RbN5sYh9cJf4gKa6uQe1oWi0zVx', PORT: port, WORKERS })
      assert.equal(await taken.ended, 1)
      assert.match(taken.texts.stderr, new RegExp(`^latchkey: Port ${port} is in use`))
    }
    const other = run({ ...env, SECRET_KEY: 'u8Fq2ZsLr5XwTn9KdCy3VbHm7JgPe4RaQo6Wi1kYtM' })
    assert.equal(await other.ended, 1)
    assert.match(other.texts.stderr, /^latchkey: SECRET_KEY is not the one /)
    assert.equal(await service.end(), 0)
  })

  test('an operator lists, rotates and withdraws keys, and disables and enables a user, beside the running service', async () => {
    const env = await environment()
    const command = async (...words: string[]) => {
      const { ended, texts } = run(env, words)
      return { code: await ended, ...texts }
    }
    const service = await start(env)
    assert.equal((await command('keys', 'rotate')).code, 0)
    const keys = async () => JSON.parse((await command('keys', 'list', '--json')).stdout).keys
    const listed = await keys()
    assert.deepEqual(listed.map((key: { phase: string }) => key.phase).toSorted(), ['active', 'next'])
    const [{ kid }] = listed
    assert.equal((await command('keys', 'withdraw', kid)).code, 2, 'without a terminal nobody can be asked')
    assert.equal((await command('keys', 'withdraw', kid, '--yes')).code, 0)
    assert.ok(!(await keys()).some((key: { kid: string }) => key.kid === kid))
    assert.equal((await command('keys', 'withdraw', kid, '--yes')).code, 4)
    assert.match((await command('users', 'disable', '1', '--yes')).stdout, /There is no enabled user 1/)
    assert.equal(await service.end(), 0)
  })
})

/** Waits until a new connection is refused: what was open before may stay so. */
async function refusal(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  for (;;) {
    const socket = connect(Number(port), hostname)
    const error = await once(socket, 'connect').catch((error) => error)
    socket.destroy()
    if (error.code === 'ECONNREFUSED') return
    await sleep(5)
  }
}

interface Started extends Run {
  readonly url: string
  /** Sends a signal and waits for the end; answers the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

async function start(env: Readonly<Record<string, string>>): Promise<Started> {
  const started = run({ PORT: '0', PUBLIC_URL: 'http://localhost:1602', ...env })
  const { address } = await said(started, 'ready')
  return {
    ...started,
    url: String(address),
    end(signal = 'SIGTERM') {
      started.child.kill(signal)
      return started.ended
    },
  }
}
