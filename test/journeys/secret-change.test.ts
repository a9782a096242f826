import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { compose } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { WrongSecretKey } from '../../src/keys/application/load-keys.ts'
import { createLog } from '../../src/platform/log.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { type Options, startService, type TestService } from '../support/service.ts'

const oldKey = 'Zk3vTq8LwX2mPd7RbN5sYh9cJf4gKa6uQe1oWi0zVx'
const newKey = 'u8Fq2ZsLr5XwTn9KdCy3VbHm7JgPe4RaQo6Wi1kYtM'

describe('a running system', () => {
  let server: TestPostgres
  let database: TestDatabase
  before(async () => {
    server = await startPostgres()
    database = await server.createDatabase()
  })
  after(async () => {
    await database.drop()
    await server.stop()
  })

  const running = new Set<TestService>()
  // A test that fails half-way leaves its services behind; they would keep the process alive.
  afterEach(() => Promise.all([...running].map((service) => stop(service))))
  const start = async (env: Record<string, string>, clock?: Options['clock']) => {
    const service = await startService({ env: { DATABASE_URL: database.url, ...env }, ...(clock && { clock }) })
    running.add(service)
    return service
  }
  const stop = async (service: TestService) => {
    if (running.delete(service)) await service.close()
  }
  const me = async (service: TestService, token: string) =>
    (await service.call('GET', '/api/v1/users/me', { token })).status
  const jwks = async (service: TestService) => (await service.call('GET', '/.well-known/jwks.json')).body.keys

  test('goes on under a new SECRET_KEY: sessions live, keys are sealed anew, and the old key is needed no more', async () => {
    const before = await start({ SECRET_KEY: oldKey })
    const person = await before.loggedIn()
    const [key] = await jwks(before)
    await stop(before)

    await assert.rejects(start({ SECRET_KEY: newKey }), WrongSecretKey)

    const changing = await start({ SECRET_KEY: newKey, SECRET_KEY_PREVIOUS: oldKey }, before.clock)
    assert.equal(await me(changing, person.access), 200)
    const refreshed = await changing.call('POST', '/api/v1/auth/refresh', { token: person.refresh })
    assert.equal(refreshed.status, 200)
    await stop(changing)

    const after = await start({ SECRET_KEY: newKey }, before.clock)
    assert.deepEqual((await jwks(after))[0], key)
    assert.equal(await me(after, refreshed.body.access_token), 200)
    assert.equal(
      (await after.call('POST', '/api/v1/auth/refresh', { token: refreshed.body.refresh_token })).status,
      200,
    )
    // What the old key vouched for, and nobody exchanged in time, is over with it.
    assert.equal(
      (await after.call('POST', '/api/v1/auth/refresh', { token: person.refresh })).body.code,
      'invalid_token',
    )
    await stop(after)
  })

  test('replaces its SECRET_KEY in two rounds, while replicas of both kinds serve at once', async () => {
    const fresh = await server.createDatabase()
    const at = (current: string, previous: string) =>
      start({ DATABASE_URL: fresh.url, SECRET_KEY: current, SECRET_KEY_PREVIOUS: previous })
    const replicas = [await at(oldKey, newKey), await at(newKey, oldKey)] as const
    for (const [one, other] of [replicas, replicas.toReversed() as [TestService, TestService]]) {
      const person = await one.loggedIn()
      assert.equal(await me(other, person.access), 200)
      const refreshed = await other.call('POST', '/api/v1/auth/refresh', { token: person.refresh })
      assert.equal(refreshed.status, 200)
      assert.equal(
        (await one.call('POST', '/api/v1/auth/refresh', { token: refreshed.body.refresh_token })).status,
        200,
      )
    }
    const [active] = await jwks(replicas[0])
    await replicas[1].service.keys.withdraw(active.kid)
    const { access } = await replicas[1].loggedIn()
    assert.equal(await me(replicas[0], access), 200)
    for (const replica of replicas) await stop(replica)
    await fresh.drop()
  })

  test('verifies with a key that it cannot open, and takes a withdrawal from who has another SECRET_KEY', async () => {
    const fresh = await server.createDatabase()
    const one = await start({ DATABASE_URL: fresh.url, SECRET_KEY: oldKey })
    const other = await start({ DATABASE_URL: fresh.url, SECRET_KEY: newKey, SECRET_KEY_PREVIOUS: oldKey })
    const old = await one.loggedIn()
    const [active] = await jwks(one)
    await other.service.keys.withdraw(active.kid)
    const { access } = await other.loggedIn()
    assert.equal(await me(one, access), 200)
    assert.equal(await me(one, old.access), 401)
    assert.ok(one.logLines.some((line) => line.includes('sealed under another SECRET_KEY')))
    for (const service of [one, other]) await stop(service)
    await fresh.drop()
  })

  test('is left as it was by a command that runs under another configuration', async () => {
    const fresh = await server.createDatabase()
    const env = { DATABASE_URL: fresh.url, SECRET_KEY: newKey, PUBLIC_URL: 'http://localhost:1602', PORT: '0' }
    const serving = await start({ ...env, TOKEN_ALGORITHM: 'EdDSA' })
    const command = await compose(parseConfig(env), { log: createLog('silent'), keeps: false })
    assert.equal(command.keys.list().length, 1)
    await command.close()
    assert.equal((await serving.query('SELECT kid FROM signing_keys')).length, 1)
    await stop(serving)
    await fresh.drop()
  })

  test('refuses to publish keys that it could not read for so long that one may be missing', async () => {
    const service = await start({ SECRET_KEY: newKey })
    const jwksAnswer = () => service.call('GET', '/.well-known/jwks.json')
    // Only the database is behind: what this process knows was read at this moment.
    await service.query('ALTER TABLE signing_keys RENAME TO signing_keys_away')
    try {
      service.clock.advance(604)
      assert.equal((await jwksAnswer()).headers.get('cache-control'), 'public, max-age=1')
      service.clock.advance(1)
      assert.equal((await jwksAnswer()).body.code, 'database_unavailable')
    } finally {
      await service.query('ALTER TABLE signing_keys_away RENAME TO signing_keys')
    }
    await service.service.keys.tend()
    assert.equal((await jwksAnswer()).status, 200)
    await stop(service)
  })

  test('changes its algorithm by rotation, and refuses no valid token meanwhile', async () => {
    const first = await start({ SECRET_KEY: newKey })
    const old = await first.loggedIn()
    // The set is in the order in which the keys were made.
    first.clock.advance(1)
    const second = await start({ SECRET_KEY: newKey, TOKEN_ALGORITHM: 'PS256' }, first.clock)
    await first.service.keys.tend()
    assert.deepEqual(
      (await jwks(first)).map((key: { alg: string }) => key.alg),
      ['ES256', 'PS256'],
    )
    assert.equal(await me(second, old.access), 200)

    first.clock.advance(615)
    const [byFirst, bySecond] = [await first.loggedIn(), await second.loggedIn()]
    for (const { access } of [byFirst, bySecond]) {
      assert.equal(decodeProtectedHeader(access).alg, 'PS256')
      assert.equal(await me(first, access), 200)
      assert.equal(await me(second, access), 200)
    }
    await stop(first)
    await stop(second)
  })

  test('has one signing key, however many replicas start and rotate at once', async () => {
    const fresh = await server.createDatabase()
    const env = { DATABASE_URL: fresh.url, SECRET_KEY: newKey }
    const replicas = await Promise.all(Array.from({ length: 5 }, () => start(env)))
    const [one] = replicas as [TestService]
    assert.equal((await jwks(one)).length, 1)
    await Promise.all(replicas.map((replica) => replica.service.keys.rotate()))
    assert.equal((await one.query('SELECT kid FROM signing_keys')).length, 2)
    for (const replica of replicas) assert.deepEqual(await jwks(replica), await jwks(one))
    await Promise.all(replicas.map(stop))
    await fresh.drop()
  })

  test('knows a key that another replica made this instant, without waiting for its next look', async () => {
    const [one, other] = [await start({ SECRET_KEY: newKey }), await start({ SECRET_KEY: newKey })]
    const [active] = await jwks(one)
    await one.service.keys.withdraw(active.kid)
    const { access } = await one.loggedIn()
    assert.equal(await me(other, access), 200)
    await stop(one)
    await stop(other)
  })
})
