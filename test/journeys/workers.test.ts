import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client } from 'pg'
import { assertOneWinner } from '../races/arena.ts'
import { type Run, run, said } from '../support/command-line.ts'
import { begin } from '../support/in-flight.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { processEnv } from '../support/processes.ts'
import { type Answer, password } from '../support/service.ts'

type Line = Readonly<Record<string, unknown>>

const isReady = ({ msg }: Line) => msg === 'a worker is ready'
const hasEnded = ({ msg }: Line) => String(msg).startsWith('a worker has ended')
const linux = process.platform === 'linux'

describe('a service with workers', () => {
  let server: TestPostgres
  let directory: string
  before(async () => {
    server = await startPostgres()
    directory = await mkdtemp(join(tmpdir(), 'latchkey-workers-'))
  })
  after(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const environment = (database: TestDatabase, given: Record<string, string> = {}) => ({
    ...processEnv,
    DATABASE_URL: database.url,
    DATA_DIR: directory,
    WORKERS: '2',
    ...given,
  })

  async function start(given: Record<string, string> = {}) {
    const database = await server.createDatabase()
    const env = environment(database, given)
    const service = run(env)
    const url = String((await said(service, 'ready')).address)
    const post = async (path: string, json: unknown, token?: string) => {
      const response = await fetch(`${url}/api/v1/auth/${path}`, {
        method: 'POST',
        headers: {
          connection: 'close',
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      return answerOf(response)
    }
    const query = async (text: string) => {
      const client = new Client({ connectionString: database.url })
      await client.connect()
      try {
        return (await client.query(text)).rows
      } finally {
        await client.end()
      }
    }
    const end = (signal: NodeJS.Signals = 'SIGTERM') => {
      service.child.kill(signal)
      return service.ended
    }
    const primary = service.child.pid as number
    const linesOf = (which: (line: Line) => boolean) => lines(service).filter(which)
    /** The lines of that kind, once there are so many. */
    const awaitLines = async (count: number, which: (line: Line) => boolean) => {
      while (linesOf(which).length < count) await once(service.child.stdout, 'data')
      return linesOf(which)
    }
    /** The lines of those that serve now. */
    const serving = () => {
      const gone = linesOf(hasEnded).map(({ worker }) => worker)
      return linesOf(isReady).filter(({ worker }) => !gone.includes(worker))
    }
    /** Waits until each of these workers has refused a call. */
    const seen = async (...workers: number[]) => {
      const refusers = () => new Set(linesOf(({ msg }) => msg === 'request refused').map(({ worker }) => worker))
      while (workers.some((worker) => !refusers().has(worker))) {
        assert.equal((await get(url, '/api/v1/users/me')).status, 401)
      }
      return refusers()
    }
    return { ...service, env, url, primary, post, query, end, linesOf, awaitLines, serving, seen }
  }

  describe('in common', () => {
    let service: Awaited<ReturnType<typeof start>>
    before(async () => {
      service = await start()
    })
    after(async () => assert.equal(await service.end(), 0))

    test('answers on one port by each of them, and each line of theirs says which', async () => {
      assert.deepEqual([...(await service.seen(1, 2))].toSorted(), [1, 2])
      const [ready, ...more] = service.linesOf(({ msg }) => msg === 'ready')
      assert.equal(ready?.workers, 2)
      assert.deepEqual(more, [])
    })

    test('has exactly one winner of fifty refreshes of one token, whichever worker they come to', async () => {
      const person = { email: 'racer@example.com', password }
      assert.equal((await service.post('register', person)).status, 200)
      let token = (await service.post('login', person)).body.refresh_token as string
      for (let round = 0; round < 5; round++) {
        const race = Array.from({ length: 50 }, () => service.post('refresh', undefined, token))
        token = assertOneWinner(
          (await Promise.all(race)).map(({ status, body }) =>
            status === 200 ? { won: body.refresh_token as string } : { refused: body.code as string },
          ),
        )
      }
    })

    test('hashes with one thread for each core, all in one process', { skip: !linux && 'no /proc here' }, async () => {
      const people = Array.from({ length: 8 }, (_, index) => ({ email: `many-${index}@example.com`, password }))
      const answers = await Promise.all(people.map((person) => service.post('register', person)))
      for (const { status } of answers) assert.equal(status, 200)
      const workers = service.linesOf(isReady).map(({ pid }) => Number(pid))
      assert.equal(workers.length, 2)
      assert.equal(lowestPriority(service.primary), availableParallelism())
      for (const pid of workers) assert.equal(lowestPriority(pid), 0)
    })

    test('knows in each worker the keys that an operator or the primary makes', async () => {
      const keys = async () => (await get(service.url, '/.well-known/jwks.json')).body.keys.length
      assert.equal(await keys(), 1)
      assert.equal(await run(service.env, ['keys', 'rotate']).ended, 0)
      await everywhere(async () => (await keys()) === 2)
      // The primary is told by the schedule that the next one is due.
      await service.query(
        `UPDATE signing_keys SET created_at = created_at - interval '60 days', activates_at = activates_at - interval '60 days',
           retires_at = retires_at - interval '20 days'`,
      )
      const kids = async () => (await get(service.url, '/.well-known/jwks.json')).body.keys.map((key: Line) => key.kid)
      const known = await service.query('SELECT kid FROM signing_keys')
      await everywhere(async () => (await kids()).some((kid: string) => !known.some((row) => row.kid === kid)))
    })

    test('says once that it has started, and does its background work in the primary', async () => {
      const events = await service.query(`SELECT count(*)::int AS count FROM audit_events WHERE kind = 'started'`)
      assert.deepEqual(events, [{ count: 1 }])
      const [signed] = await service.awaitLines(1, ({ msg }) => msg === 'the audit log is signed')
      assert.equal(signed?.worker, undefined)
    })
  })

  describe('of which workers end', () => {
    let service: Awaited<ReturnType<typeof start>>
    before(async () => {
      service = await start()
    })
    after(() => service.end('SIGKILL'))

    test('replaces one that was killed, answers by the others meanwhile, and is told of no second start', async () => {
      const [, victim] = service.linesOf(isReady)
      process.kill(Number(victim?.pid), 'SIGKILL')
      const [told] = await service.awaitLines(1, hasEnded)
      assert.deepEqual([told?.level, told?.worker, told?.because], ['error', victim?.worker, 'it ended with SIGKILL'])
      let replaced = false
      const replacement = service.awaitLines(3, isReady).then(() => {
        replaced = true
      })
      do assert.equal((await get(service.url, '/health/ready')).status, 200)
      while (!replaced)
      await replacement
      await service.seen(3 - Number(victim?.worker), 3)
      const events = await service.query(`SELECT kind FROM audit_events WHERE kind = 'started'`)
      assert.equal(events.length, 1)
    })

    test('replaces one that was told to end, after it has answered what is in flight', async () => {
      const [leaving] = service.serving()
      // Each of the two has some of these.
      const calls = await Promise.all(Array.from({ length: 24 }, () => begin(service.url)))
      process.kill(Number(leaving?.pid), 'SIGTERM')
      const [stopping] = await service.awaitLines(1, ({ msg }) => msg === 'stopping')
      assert.equal(stopping?.worker, leaving?.worker)
      const answers = calls.map((call, index) => call.finish({ email: `flight-${index}@example.com`, password }))
      assert.deepEqual(await Promise.all(answers), Array(24).fill(200))
      const [, told] = await service.awaitLines(2, hasEnded)
      assert.deepEqual([told?.level, told?.because], ['info', 'it ended with code 0'])
      await service.awaitLines(4, isReady)
    })

    test('ends in order when SIGTERM comes to all its processes at once', async () => {
      const pids = service.serving().map(({ pid }) => Number(pid))
      assert.equal(pids.length, 2)
      service.child.kill('SIGTERM')
      for (const pid of pids) process.kill(pid, 'SIGTERM')
      assert.equal(await service.ended, 0)
    })
  })

  test('refuses logins that could not be served in time, as one process does; and ends in order with Ctrl-C', async () => {
    const service = await start({ HASH_DEADLINE: '1s' })
    const person = { email: 'flood@example.com', password }
    assert.equal((await service.post('register', person)).status, 200)
    const flood = Array.from({ length: 100 * availableParallelism() }, () =>
      service.post('login', { ...person, password: 'wrong password' }),
    )
    const answers = await Promise.all(flood)
    const refused = answers.filter(({ status }) => status === 503)
    assert.ok(refused.length > 0 && refused.length < flood.length, `${refused.length} of ${flood.length} were refused`)
    for (const { status, body } of answers)
      assert.equal(body.code, status === 503 ? 'overloaded' : 'invalid_credentials')
    const lines = await service.awaitLines(refused.length, ({ code }) => code === 'overloaded')
    assert.deepEqual(new Set(lines.map(({ worker }) => worker)), new Set([1, 2]))
    // A terminal sends it to all processes.
    for (const { pid } of service.serving()) process.kill(Number(pid), 'SIGINT')
    assert.equal(await service.end('SIGINT'), 0)
    assert.deepEqual(service.linesOf(hasEnded), [])
  })

  test('takes its workers along when the primary is killed', async () => {
    const service = await start()
    // The workers write to the same output: it is closed when the last of them has ended.
    await service.end('SIGKILL')
    await assert.rejects(get(service.url, '/health/live'))
  })

  test('that is asked to end denies readiness in all workers, and serves for as long as SHUTDOWN_DELAY says', async () => {
    const service = await start({ SHUTDOWN_DELAY: '3s' })
    const asked = performance.now()
    const ended = service.end()
    await everywhere(async () => (await get(service.url, '/health/ready')).body.code === 'shutting_down')
    assert.equal((await get(service.url, '/health/live')).status, 200)
    assert.equal((await service.post('register', { email: 'late@example.com', password })).status, 200)
    assert.equal(await ended, 0)
    assert.ok(performance.now() - asked >= 3_000)
  })

  test('whose workers can not start says why in a sentence, and ends with 1', async () => {
    const database = await server.createDatabase()
    const client = new Client({ connectionString: database.url })
    await client.connect()
    const role = `lonely_${process.pid}`
    // One connection, which the primary has.
    await client.query(`CREATE ROLE ${role} LOGIN CONNECTION LIMIT 1`)
    await client.query(`GRANT ALL ON SCHEMA public TO ${role}`)
    await client.query(`GRANT CREATE ON DATABASE ${new URL(database.url).pathname.slice(1)} TO ${role}`)
    try {
      const url = new URL(database.url)
      url.username = role
      const { ended, texts } = run(environment(database, { DATABASE_URL: url.href }))
      assert.equal(await ended, 1)
      assert.match(texts.stderr, new RegExp(`^latchkey: too many connections for role "${role}"\\n$`))
    } finally {
      await client.query(`DROP OWNED BY ${role}`)
      await client.query(`DROP ROLE ${role}`)
      await client.end()
    }
  })
})

const lines = ({ texts }: Run): Line[] =>
  texts.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

/** A call on a connection of its own, as all are here: any worker may get it. */
async function get(url: string, path: string) {
  const response = await fetch(`${url}${path}`, { headers: { connection: 'close' } })
  return answerOf(response)
}

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response
  const text = await response.text()
  return { status, headers, text, body: JSON.parse(text) }
}

/** Waits until twenty connections in a row see it, so that no worker is left that does not. */
async function everywhere(holds: () => Promise<boolean>): Promise<void> {
  for (let row = 0; row < 20; ) row = (await holds()) ? row + 1 : 0
}

/** How many threads of a process have the lowest priority (proc_pid_stat(5), field 19). */
function lowestPriority(pid: number): number {
  const stats = readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'),
  )
  return stats.filter((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16] === '19').length
}
