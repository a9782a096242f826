import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../bench/run/free-port.ts'
import { builtService } from '../support/built.ts'
import { scrape } from '../support/exposition.ts'
import { startReceiver } from '../support/otlp-receiver.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { type ServiceProcess, startProcess } from '../support/processes.ts'
import { password, startService } from '../support/service.ts'

const witness = fileURLToPath(new URL('../support/loaded-modules.ts', import.meta.url))

describe('the service as it is published', () => {
  let server: TestPostgres
  let database: TestDatabase
  let service: ServiceProcess
  let directory: string
  let main: string

  /** The program's own files, and of each package the name, that its first thread has loaded so far. */
  const loaded = () => {
    const urls = readFileSync(join(directory, 'loaded'), 'utf8').trim().split('\n')
    const own = urls.filter((url) => !url.startsWith('node:'))
    return new Set(own.map((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? basename(url)))
  }
  /** All but what every service needs (chunks are what several files of the bundle share). */
  const lazily = (name: string) =>
    !/^(?:main\.js|(?:chunk|serve-alone|bcrypt-native)-\w{8}\.js|@node-rs\/bcrypt(?:-.+)?)$/.test(name)

  before(async () => {
    server = await startPostgres()
    database = await server.createDatabase()
    directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
    main = (await builtService()).main
    const env = { LOADED_MODULES: join(directory, 'loaded') }
    service = await startProcess(database.url, env, ['--import', witness, main])
  })
  after(async () => {
    await service?.stop()
    await server?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  test('registers, logs in, refreshes and logs out, and has loaded nothing that this does not need', async () => {
    const json = { email: 'published@example.com', password }
    const common = { ...json, password: 'password123' }
    assert.equal((await service.call('POST', '/api/v1/auth/register', { json: common })).status, 422)
    assert.equal((await service.call('POST', '/api/v1/auth/register', { json })).status, 200)
    const login = await service.call('POST', '/api/v1/auth/login', { json })
    const { body } = await service.call('POST', '/api/v1/auth/refresh', { token: login.body.refresh_token })
    assert.equal((await service.call('GET', '/api/v1/users/me', { token: body.access_token })).status, 200)
    assert.equal((await service.call('POST', '/api/v1/auth/logout', { token: body.refresh_token })).status, 204)
    assert.ok(loaded().has('main.js'))
    assert.deepEqual([...loaded()].filter(lazily), [])
  })

  test('loads the documentation when it is asked for, and nothing else with it', async () => {
    const page = await fetch(`${service.url}/api/docs`)
    assert.equal(page.status, 200)
    assert.match(await page.text(), /swagger-initializer\.js/)
    const bundle = await fetch(`${service.url}/api/docs/static/swagger-ui-bundle.js`)
    assert.equal(bundle.status, 200)
    assert.ok((await bundle.text()).length > 1e6)
    const late = [...loaded()].filter(lazily).map((name) => name.replace(/-\w{8}\.js$/, ''))
    assert.ok(late.includes('docs-server') && late.includes('@fastify/swagger-ui'), late.join())
    assert.ok(!late.some((name) => /pglite|cors|embedded/.test(name)), late.join())
  })

  test('documents the same calls as the sources', async () => {
    const sources = await startService()
    try {
      const { body } = await sources.call('GET', '/api/openapi.json')
      assert.deepEqual((await service.call('GET', '/api/openapi.json')).body, body)
    } finally {
      await sources.close()
    }
  })

  test('tells metrics and sends traces where it is asked to', async () => {
    await using receiver = await startReceiver()
    const port = await freePort()
    const env = { ADMIN_PORT: String(port), OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, WORKERS: '2' }
    const watched = await startProcess(database.url, env, [main])
    try {
      assert.equal((await watched.call('GET', '/health/ready')).status, 200)
      assert.equal((await scrape(port)).sum('latchkey_http_requests_total', { route: '/health/ready' }), 1)
    } finally {
      await watched.stop()
    }
    assert.ok(receiver.spans().some(({ name }) => name === 'GET /health/ready'))
    assert.ok(receiver.metrics().some(({ name }) => name === 'latchkey_http_requests_total'))
  })

  test('starts on the embedded database, and answers browsers of other origins', async () => {
    const alone = await startProcess('', { CORS_ORIGINS: 'https://app.example.com' }, [main])
    try {
      const headers = { origin: 'https://app.example.com' }
      const answer = await alone.call('GET', '/health/ready', { headers })
      assert.equal(answer.status, 200)
      assert.equal(answer.headers.get('access-control-allow-origin'), 'https://app.example.com')
    } finally {
      await alone.stop()
    }
  })
})
