import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { WrongSecretKey } from '../../src/keys/application/load-keys.ts'
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
