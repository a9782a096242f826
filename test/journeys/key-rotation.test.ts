import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { kinds, startService, type TestService } from '../support/service.ts'

const days = 86_400
const env = { KEY_ROTATION_INTERVAL: '30d', JWKS_MAX_AGE: '10m' }
const lead = 610

const kidOf = (token: string) => decodeProtectedHeader(token).kid

for (const kind of kinds) {
  describe(`signing keys on ${kind}`, () => {
    let service: TestService
    before(async () => {
      service = await startService({ kind, env })
    })
    after(() => service.close())

    const jwks = async () =>
      (await service.call('GET', '/.well-known/jwks.json')).body.keys.map((key: { kid: string }) => key.kid)
    const login = async (person: { email: string; password: string }) =>
      (await service.call('POST', '/api/v1/auth/login', { json: { email: person.email, password: person.password } }))
        .body
    const me = async (token: string) => (await service.call('GET', '/api/v1/users/me', { token })).status

    test('a key is announced before it signs, retires when its successor signs, and goes when its tokens are dead', async () => {
      const person = await service.person()
      const [first] = await jwks()
      assert.equal(kidOf((await login(person)).access_token), first)

      service.clock.advance(30 * days - lead - 1)
      await service.service.keys.tend()
      assert.deepEqual(await jwks(), [first])
      service.clock.advance(1)
      await service.service.keys.tend()
      const [, second, ...more] = await jwks()
      assert.ok(second)
      assert.deepEqual(more, [])

      service.clock.advance(lead - 1)
      const last = (await login(person)).access_token
      assert.equal(kidOf(last), first)
      service.clock.advance(1)
      assert.equal(kidOf((await login(person)).access_token), second)
      assert.equal(await me(last), 200)

      service.clock.advance(64)
      await service.service.keys.tend()
      assert.deepEqual(await jwks(), [first, second])
      service.clock.advance(1)
      await service.service.keys.tend()
      assert.deepEqual(await jwks(), [second])
    })

    test('a withdrawn key leaves the JWKS at once, its tokens are refused, and its sessions go on without a new login', async () => {
      const pair = await login(await service.person())
      const kid = String(kidOf(pair.access_token))
      await service.service.keys.withdraw(kid)
      assert.ok(!(await jwks()).includes(kid))
      assert.equal(await me(pair.access_token), 401)
      const refreshed = await service.call('POST', '/api/v1/auth/refresh', { token: pair.refresh_token })
      assert.equal(refreshed.status, 200)
      assert.notEqual(kidOf(refreshed.body.access_token), kid)
      assert.equal(await me(refreshed.body.access_token), 200)
      await assert.rejects(service.service.keys.withdraw(kid), { code: 'not_found' })
    })

    test('when the active key is withdrawn while its successor is announced, the successor signs at once', async () => {
      const person = await service.person()
      // The set is in the order in which the keys were made.
      service.clock.advance(1)
      await service.service.keys.rotate()
      const [active, next] = await jwks()
      await service.service.keys.withdraw(active)
      assert.deepEqual(await jwks(), [next])
      assert.equal(kidOf((await login(person)).access_token), next)
    })

    test('when the announced successor is withdrawn, the active key signs on and gets another one', async () => {
      const person = await service.person()
      const [active] = await jwks()
      service.clock.advance(1)
      await service.service.keys.rotate()
      const [, next] = await jwks()
      await service.service.keys.withdraw(next)
      service.clock.advance(lead)
      assert.equal(kidOf((await login(person)).access_token), active)
    })

    test('the withdrawal of a retired key leaves the schedule of the others as it was', async () => {
      const { clock } = service
      await service.service.keys.tend()
      const [old] = await jwks()
      clock.advance(1)
      await service.service.keys.rotate()
      clock.advance(lead + 5)
      await service.service.keys.tend()
      await service.service.keys.rotate()
      const before = await service.query('SELECT kid, activates_at, retires_at FROM signing_keys ORDER BY created_at')
      await service.service.keys.withdraw(old)
      const after = await service.query('SELECT kid, activates_at, retires_at FROM signing_keys ORDER BY created_at')
      assert.equal(before.length, 3)
      assert.deepEqual(after, before.slice(1))
    })

    test('every step in the life of a key is in the audit log', async () => {
      const rows = await service.query<{ kind: string }>(
        `SELECT DISTINCT kind FROM audit_events WHERE kind LIKE 'key_%'`,
      )
      assert.deepEqual(rows.map((row) => row.kind).toSorted(), ['key_created', 'key_removed', 'key_withdrawn'])
    })
  })
}

describe('the JWKS', () => {
  test('bears an ETag that answers 304, and a max-age', async () => {
    const service = await startService({ env })
    try {
      const first = await service.call('GET', '/.well-known/jwks.json')
      const etag = String(first.headers.get('etag'))
      assert.equal(first.headers.get('cache-control'), 'public, max-age=600')
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await service.call('GET', '/.well-known/jwks.json', { headers: { 'if-none-match': tag } })
        assert.equal(again.status, 304, tag)
        assert.equal(again.text, '')
      }
      const other = await service.call('GET', '/.well-known/jwks.json', { headers: { 'if-none-match': '"other"' } })
      assert.equal(other.status, 200)
    } finally {
      await service.close()
    }
  })

  for (const algorithm of ['ES256', 'EdDSA', 'PS256', 'RS256'] as const) {
    test(`shows public members alone, and its ${algorithm} keys verify tokens under jose`, async () => {
      const service = await startService({ env: { ...env, TOKEN_ALGORITHM: algorithm } })
      try {
        const [key] = (await service.call('GET', '/.well-known/jwks.json')).body.keys
        for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in key), member)
        assert.equal(key.alg, algorithm)
        assert.equal(key.use, 'sig')
        if (key.kty === 'RSA') assert.equal(Buffer.from(key.n, 'base64url').length * 8, 3072)
        const { access } = await service.loggedIn()
        const { payload } = await jwtVerify(
          access,
          createRemoteJWKSet(new URL('/.well-known/jwks.json', service.url)),
          {
            issuer: service.issuer,
            audience: service.issuer,
            typ: 'at+jwt',
            algorithms: [algorithm],
            currentDate: service.clock(),
          },
        )
        assert.equal(payload.client_id, 'latchkey')
      } finally {
        await service.close()
      }
    })
  }
})
