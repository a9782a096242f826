import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { type Run, run, said } from '../support/command-line.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { processEnv } from '../support/processes.ts'
import { password } from '../support/service.ts'

type Line = Readonly<Record<string, unknown>>

const reloaded = 'the configuration was reloaded'
const refused = 'the configuration was not reloaded, and nothing has changed'
const ignored = 'these variables need a restart: their changes are ignored'

const linesOf = ({ texts }: Run, message?: string): Line[] =>
  texts.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => message === undefined || msg === message)

describe('SIGHUP', { timeout: 120_000 }, () => {
  let server: TestPostgres
  let folder: string
  before(async () => {
    server = await startPostgres()
    folder = mkdtempSync(join(tmpdir(), 'latchkey-reload-'))
  })
  after(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(env: Record<string, string>, content: string) {
    const database = await server.createDatabase()
    const file = join(folder, `${basename(database.url)}.env`)
    writeFileSync(file, content)
    const { RATE_LIMIT: _, ...common } = processEnv
    const service = run({ ...common, DATABASE_URL: database.url, DATA_DIR: folder, CONFIG_FILE: file, ...env })
    const url = String((await said(service, 'ready')).address)
    /** Has this content read, and waits for so many lines that say what came of it. */
    const reload = async (content: string, message = reloaded) => {
      const before = linesOf(service, message).length
      writeFileSync(file, content)
      service.child.kill('SIGHUP')
      while (linesOf(service, message).length === before) await once(service.child.stdout, 'data')
      return linesOf(service, message).at(-1) as Line
    }
    const register = (email: string) =>
      fetch(`${url}/api/v1/auth/register`, {
        method: 'POST',
        headers: { connection: 'close', 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
    return { service, url, database, reload, register }
  }

  it('has the level and the limits change, and says so in the log and on the audit log', async () => {
    const { service, database, url, reload, register } = await start({}, 'MAX_SESSIONS_PER_USER=5\n')
    const first = await register('one@example.com')
    assert.equal(first.headers.has('ratelimit'), true, 'limits are on')

    await reload('LOG_LEVEL=warn\nMAX_SESSIONS_PER_USER=5\n')
    const { changes } = await reload('LOG_LEVEL=debug\nRATE_LIMIT=off\nMAX_SESSIONS_PER_USER=1\n')
    assert.deepEqual(changes, [
      { variable: 'MAX_SESSIONS_PER_USER', from: '5', to: '1' },
      { variable: 'RATE_LIMIT', from: 'on', to: 'off' },
      { variable: 'LOG_LEVEL', from: 'warn', to: 'debug' },
    ])
    const second = await register('two@example.com')
    assert.deepEqual([second.status, second.headers.has('ratelimit')], [200, false])
    assert.ok(linesOf(service).some(({ level }) => level === 'info' || level === 'debug'))

    const logIn = async () => {
      const response = await fetch(`${url}/api/v1/auth/login`, {
        method: 'POST',
        headers: { connection: 'close', 'content-type': 'application/json' },
        body: JSON.stringify({ email: 'two@example.com', password }),
      })
      return (await response.json()) as { access_token: string }
    }
    const [older, newer] = [await logIn(), await logIn()]
    const statusOf = async ({ access_token: token }: { access_token: string }) => {
      const headers = { connection: 'close', authorization: `Bearer ${token}` }
      return (await fetch(`${url}/api/v1/users/me`, { headers })).status
    }
    assert.deepEqual([await statusOf(older), await statusOf(newer)], [401, 200], 'one session each')

    await reload('RATE_LIMIT=on\n')
    assert.equal((await register('three@example.com')).headers.has('ratelimit'), true)
    service.child.kill('SIGTERM')
    assert.equal(await service.ended, 0)

    const client = new Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query("SELECT subject FROM audit_events WHERE kind = 'reconfigured' ORDER BY id")
    await client.end()
    assert.deepEqual(
      rows.map(({ subject }) => subject),
      [
        'LOG_LEVEL from info to warn',
        'MAX_SESSIONS_PER_USER from 5 to 1, RATE_LIMIT from on to off, LOG_LEVEL from warn to debug',
        'MAX_SESSIONS_PER_USER from 1 to 100, RATE_LIMIT from off to on, LOG_LEVEL from debug to info',
      ],
    )
  })

  it('changes nothing where the file is wrong, says what, and goes on', async () => {
    const { service, reload, register } = await start({}, 'RATE_LIMIT=off\n')
    const { problems } = await reload('RATE_LIMIT=on\nLOG_LEVEL=loud\n', refused)
    assert.deepEqual(problems, ['LOG_LEVEL must be one of: fatal, error, warn, info, debug, trace, silent.'])
    const second = await reload('RATE_LIMIT=on\nhunter2\n', refused)
    assert.match(String(second.problems), /: line 2 is not of the form NAME=value\.$/)
    assert.equal((await register('one@example.com')).headers.has('ratelimit'), false)
    service.child.kill('SIGTERM')
    assert.equal(await service.ended, 0)
    assert.deepEqual(linesOf(service, reloaded), [])
    assert.doesNotMatch(service.texts.stdout, /hunter2/)
  })

  it('names what needs a restart, leaves it as it is, and changes the rest', async () => {
    const { service, reload, register } = await start({ LOG_LEVEL: 'info' }, 'ACCESS_TOKEN_TTL=1m\n')
    const line = await reload(
      'ACCESS_TOKEN_TTL=2m\nSECRET_KEY_PREVIOUS=hunter2hunter9Vn3lq0Xo5s8Jw1bTz7RkE\nRATE_LIMIT=off\n',
      ignored,
    )
    assert.deepEqual(line.variables, ['SECRET_KEY_PREVIOUS', 'ACCESS_TOKEN_TTL'])
    while (linesOf(service, reloaded).length === 0) await once(service.child.stdout, 'data')
    assert.equal((await register('one@example.com')).headers.has('ratelimit'), false)
    service.child.kill('SIGTERM')
    await service.ended
    assert.doesNotMatch(service.texts.stdout, /hunter/)
  })

  it('reaches all workers, and those that come later have what is in force and not what stands in the file', async () => {
    const { service, reload, register, url } = await start({ WORKERS: '2' }, 'RATE_LIMIT=on\nACCESS_TOKEN_TTL=1m\n')
    await reload('RATE_LIMIT=off\nACCESS_TOKEN_TTL=4m\nLOG_LEVEL=debug\n')
    for (let call = 0; call < 12; call++) {
      assert.equal((await register(`${call}@example.com`)).headers.has('ratelimit'), false)
    }
    const ready = () => linesOf(service, 'a worker is ready')
    for (const { pid } of ready()) process.kill(Number(pid), 'SIGTERM')
    while (ready().length < 4) await once(service.child.stdout, 'data')
    // Their own too: the level, and a variable that needs a restart.
    assert.equal((await register('late@example.com')).headers.has('ratelimit'), false)
    const login = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { connection: 'close', 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'late@example.com', password }),
    })
    assert.equal(((await login.json()) as { expires_in: number }).expires_in, 60)
    service.child.kill('SIGTERM')
    assert.equal(await service.ended, 0)
  })

  it('ends a service that has no such file, in order', async () => {
    for (const WORKERS of ['1', '2']) {
      const { service } = await start({ CONFIG_FILE: '', WORKERS }, '')
      service.child.kill('SIGHUP')
      assert.equal(await service.ended, 0)
    }
  })
})
