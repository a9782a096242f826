import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, describe, test } from 'node:test'
import { definitions } from '../../src/platform/metrics/definitions.ts'
import { type Run, run, said } from '../support/command-line.ts'
import { scrape } from '../support/exposition.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { processEnv } from '../support/processes.ts'
import { password } from '../support/service.ts'

const auth = '/api/v1/auth'

describe('metrics', () => {
  let server: TestPostgres
  let directory: string
  before(async () => {
    server = await startPostgres()
    directory = await mkdtemp(join(tmpdir(), 'latchkey-metrics-'))
  })
  after(async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const started: Run[] = []
  afterEach(async () => {
    for (const { child, ended } of started.splice(0)) {
      child.kill('SIGKILL')
      await ended
    }
  })

  async function start(given: Record<string, string> = {}) {
    const { url: databaseUrl } = await server.createDatabase()
    const env = { ...processEnv, DATA_DIR: directory, DATABASE_URL: databaseUrl, ADMIN_PORT: '0', ...given }
    const service = run(env)
    started.push(service)
    const url = String((await said(service, 'ready')).address)
    const { port = '' } = await said(service, 'metrics are served')
    const call = async (method: string, path: string, json?: unknown, token?: string) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          connection: 'close',
          ...(json !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
      })
      const body = await response.text()
      return { status: response.status, body: body.startsWith('{') ? JSON.parse(body) : body }
    }
    const refresh = (token: string) => call('POST', `${auth}/refresh`, undefined, token)
    const login = async (json: object) => (await call('POST', `${auth}/login`, json)).body.refresh_token as string
    const stop = async () => {
      service.child.kill('SIGTERM')
      return service.ended
    }
    return { ...service, env, url, port, call, refresh, login, stop }
  }

  test('count what a service is asked, what it refuses and why, and name nobody', async () => {
    const service = await start({ RATE_LIMIT: 'on', REFRESH_REUSE_WINDOW: '1s', REFRESH_TOKEN_TTL: '60s' })
    const { call, refresh } = service
    const person = { email: 'measured@example.com', password }
    assert.equal((await call('POST', `${auth}/register`, person)).status, 200)
    const first = await service.login(person)
    const second = (await refresh(first)).body.refresh_token as string
    assert.equal((await refresh(first)).body.code, 'refresh_token_reused')
    assert.equal((await refresh(`${first}x`)).body.code, 'invalid_token')
    const third = (await refresh(second)).body.refresh_token as string
    assert.equal((await refresh(first)).body.code, 'refresh_token_reused')
    assert.equal((await refresh(third)).body.code, 'invalid_token')
    for (const _ of Array(10))
      assert.equal((await call('POST', `${auth}/login`, { email: 'unheard-of@example.com', password })).status, 401)
    assert.equal((await call('POST', `${auth}/login`, { email: 'unheard-of@example.com', password })).status, 429)
    assert.equal((await call('GET', '/measured@example.com')).status, 404)
    assert.equal((await call('PUT', `${auth}/login`)).status, 405)
    assert.equal((await call('GET', '/%zz')).status, 400)
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1').end('nonsense\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1\.1 400 /)

    const { sum, text: exposed, series } = await scrape(service.port)
    const requests = 'latchkey_http_requests_total'
    const refusals = 'latchkey_http_refusals_total'
    for (const [name, labels, value] of [
      [requests, { method: 'POST', route: `${auth}/register`, status: '200' }, 1],
      [requests, { method: 'POST', route: `${auth}/refresh`, status: '200' }, 2],
      [requests, { method: 'POST', route: `${auth}/refresh`, status: '401' }, 4],
      [requests, { method: 'PUT', route: `${auth}/login`, status: '405' }, 1],
      [requests, { method: 'GET', route: 'none', status: '404' }, 1],
      [requests, { method: 'none', route: 'none' }, 2],
      ['latchkey_http_request_duration_seconds_count', { route: `${auth}/login` }, 13],
      [refusals, { route: `${auth}/login`, code: 'invalid_credentials' }, 10],
      [refusals, { route: `${auth}/login`, code: 'too_many_requests' }, 1],
      [refusals, { route: 'none', code: 'not_found' }, 1],
      [refusals, { route: 'none', code: 'malformed_request' }, 2],
      ['latchkey_rate_limited_total', { limit: 'login-pair' }, 1],
      ['latchkey_refreshes_total', { outcome: 'rotated' }, 2],
      ['latchkey_refreshes_total', { outcome: 'forged' }, 1],
      ['latchkey_refreshes_total', { outcome: 'reused' }, 1],
      ['latchkey_refreshes_total', { outcome: 'raced' }, 1],
      ['latchkey_refreshes_total', { outcome: 'ended' }, 1],
      ['latchkey_password_hash_duration_seconds_count', { operation: 'hash' }, 1],
      ['latchkey_password_hash_duration_seconds_count', { operation: 'verify' }, 11],
      ['latchkey_password_hashes_waiting', {}, 0],
      ['latchkey_signing_keys', {}, 1],
      ['latchkey_audit_readable', {}, 1],
      ['latchkey_build_info', {}, 1],
    ] as const) {
      assert.equal(sum(name, labels), value, `${name} ${JSON.stringify(labels)}`)
    }
    assert.ok(sum('latchkey_database_connections') >= 1)
    const statements = 'latchkey_database_statement_duration_seconds_count'
    assert.equal(sum(statements, { statement: 'advance-sessions' }), 5)
    assert.equal(sum(statements, { statement: 'advance-session' }), 3)
    assert.ok(sum('latchkey_signing_key_age_seconds') > 0)
    const toNext = sum('latchkey_signing_key_rotation_seconds')
    assert.ok(toNext > 29 * 86_400 && toNext < 30 * 86_400, String(toNext))
    assert.ok(sum('process_cpu_seconds_total') > 0)
    assert.ok(sum('nodejs_eventloop_lag_p99_seconds') > 0)
    for (const secret of ['measured', 'unheard-of', '127.0.0.1', '%zz', first, second, third])
      assert.ok(!exposed.includes(secret), secret)
    const known = new Set(Object.values(definitions).flatMap(({ labels }) => labels))
    const foreign = series
      .filter(({ name }) => name.startsWith('latchkey_'))
      .flatMap(({ labels }) => Object.keys(labels))
    assert.deepEqual(
      [...new Set(foreign)].filter((label) => label !== 'le' && !known.has(label as never)),
      [],
    )
    assert.equal(await service.stop(), 0)
  })

  test('are on a port of their own, which has nothing else', async () => {
    const service = await start()
    const admin = `http://127.0.0.1:${service.port}`
    for (const path of ['/', '/health/live', '/api/v1/users/me', '/.well-known/jwks.json', '/metrics/x'])
      assert.equal((await fetch(admin + path)).status, 404, path)
    assert.equal((await fetch(`${admin}/metrics`, { method: 'POST' })).status, 405)
    const head = await fetch(`${admin}/metrics`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    assert.match(head.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.equal((await fetch(`${service.url}/metrics`)).status, 404)
    const taken = run({ ...service.env, ADMIN_PORT: service.port })
    assert.equal(await taken.ended, 1)
    assert.match(taken.texts.stderr, new RegExp(`Port ${service.port} is in use.* Set PORT, or ADMIN_PORT `))
    assert.equal(await service.stop(), 0)
  })

  test('say that the database does not answer, and are there all the same', async () => {
    const service = await start()
    assert.equal((await scrape(service.port)).sum('latchkey_audit_readable'), 1)
    await server.stop()
    const { sum, types } = await scrape(service.port)
    assert.equal(sum('latchkey_audit_readable'), 0)
    assert.ok(types.has('latchkey_http_requests_total'))
    service.child.kill('SIGKILL')
    await service.ended
    server = await startPostgres()
  })

  test('say within a few seconds that the audit log can not be read, when the database says nothing any more', async () => {
    const { url } = await server.createDatabase()
    await using proxy = await startFaultProxy(url)
    const service = await start({ DATABASE_URL: proxy.url })
    assert.equal((await scrape(service.port)).sum('latchkey_audit_readable'), 1)
    proxy.silence('both')
    const begun = performance.now()
    const { sum } = await scrape(service.port)
    const took = performance.now() - begun
    assert.equal(sum('latchkey_audit_readable'), 0)
    assert.ok(took < 3_500, `${took} ms`)
  })

  test('of workers are told as one, and are never less when one has died', async () => {
    const service = await start({ WORKERS: '2' })
    const person = { email: 'shared@example.com', password }
    assert.equal((await service.call('POST', `${auth}/register`, person)).status, 200)
    const calls = 40
    for (const _ of Array(calls)) assert.equal((await service.call('GET', '/api/v1/users/me')).status, 401)
    const before = await scrape(service.port)
    const me = ['latchkey_http_requests_total', { route: '/api/v1/users/me', status: '401' }] as const
    assert.equal(before.sum(...me), calls)
    assert.equal(before.sum('latchkey_password_hash_duration_seconds_count', { operation: 'hash' }), 1)
    assert.equal(before.sum('latchkey_signing_keys'), 1)
    assert.equal(before.sum('latchkey_worker_deaths_total'), 0)
    assert.ok(before.sum('process_resident_memory_bytes') > 150e6, 'the memory of three processes')

    const lines = () =>
      service.texts.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    const ready = () => lines().filter(({ msg }) => msg === 'a worker is ready')
    process.kill(ready()[0].pid, 'SIGKILL')
    await said(service, 'a worker has ended: another takes its place')
    const after = await scrape(service.port)
    assert.equal(after.sum(...me), calls)
    assert.equal(after.sum('latchkey_worker_deaths_total'), 1)
    while (ready().length < 3) assert.ok((await service.call('GET', '/health/live')).status)
    await service.call('GET', '/api/v1/users/me')
    assert.equal((await scrape(service.port)).sum(...me), calls + 1)
    assert.equal(await service.stop(), 0)
  })
})
