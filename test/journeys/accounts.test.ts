import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kinds, password, startService, type TestService } from '../support/service.ts'

for (const kind of kinds) {
  describe(`accounts on ${kind}`, () => {
    let service: TestService
    before(async () => {
      service = await startService({ kind })
    })
    after(() => service.close())

    const post = (path: string, json: unknown) => service.call('POST', `/api/v1/auth/${path}`, { json })
    const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })

    test('register, log in, who am I, refresh, log out: the whole life of a login', async () => {
      const person = { email: 'User@Example.com', password }
      const registered = await post('register', person)
      assert.equal(registered.status, 200)
      assert.deepEqual(registered.body, { id: registered.body.id, email: 'user@example.com' })
      assert.equal(typeof registered.body.id, 'number')

      const login = await post('login', { ...person, email: 'USER@example.com' })
      assert.equal(login.status, 200)
      const { access_token, refresh_token, ...rest } = login.body
      assert.deepEqual(rest, {
        token_type: 'Bearer',
        expires_in: 60,
        refresh_expires_in: 300,
        session_expires_at: '2026-12-22T12:00:00.000Z',
      })
      assert.deepEqual((await me(access_token)).body, registered.body)

      service.clock.advance(59)
      assert.equal((await me(access_token)).status, 200)
      service.clock.advance(1)
      assert.equal((await me(access_token)).body.code, 'token_expired')

      const refreshed = await service.call('POST', '/api/v1/auth/refresh', { token: refresh_token })
      assert.equal(refreshed.status, 200)
      assert.notEqual(refreshed.body.refresh_token, refresh_token)
      assert.equal((await me(refreshed.body.access_token)).status, 200)

      for (let time = 1; time <= 2; time++) {
        const { status } = await service.call('POST', '/api/v1/auth/logout', { token: refreshed.body.refresh_token })
        assert.equal(status, 204, `time ${time}`)
      }
      assert.equal((await me(refreshed.body.access_token)).body.code, 'invalid_token')
      const after = await service.call('POST', '/api/v1/auth/refresh', { token: refreshed.body.refresh_token })
      assert.equal(after.body.code, 'invalid_token')
    })

    test('every answer that bears a token or personal data forbids caches to keep it', async () => {
      const person = await service.person()
      const login = await post('login', person)
      for (const answer of [
        login,
        await me(login.body.access_token),
        await post('login', { ...person, password: 'x' }),
      ]) {
        assert.equal(answer.headers.get('cache-control'), 'no-store')
      }
    })

    test('an address is registered once, in whatever case', async () => {
      const { email } = await service.person()
      const again = await post('register', { email: email.toUpperCase(), password: 'another_password_456' })
      assert.equal(again.status, 409)
      assert.equal(again.body.code, 'email_taken')
      assert.equal((await post('login', { email, password })).status, 200)
    })

    test('a password that anybody would guess is refused, and the answer does not repeat it', async () => {
      const table: [string, string][] = [
        ['password1', 'too_common'],
        ['PASSWORD1', 'too_common'],
        ['guess@example.com', 'contains_email'],
        ['short', 'too_short'],
        ['x'.repeat(257), 'too_long'],
      ]
      for (const [wanted, code] of table) {
        const answer = await post('register', { email: 'guess@example.com', password: wanted })
        assert.equal(answer.status, 422, wanted)
        assert.deepEqual(
          answer.body.errors.map((error: { field: string; code: string }) => [error.field, error.code]),
          [['password', code]],
        )
        assert.ok(!answer.text.includes(wanted) || wanted === 'short')
      }
    })

    test('passwords of up to 256 characters count whole, past the 72 bytes that bcrypt reads', async () => {
      const long = `${'ä'.repeat(100)}end`
      const email = 'long@example.com'
      assert.equal((await post('register', { email, password: long })).status, 200)
      assert.equal((await post('login', { email, password: long })).status, 200)
      assert.equal((await post('login', { email, password: `${'ä'.repeat(100)}enD` })).status, 401)
      assert.equal((await post('login', { email, password: 'ä'.repeat(36) })).status, 401)
    })

    test('a hash made under other parameters is renewed at the next login, once, and still fits', async () => {
      const person = await service.person()
      const hashOf = async () =>
        (
          await service.query<{ password_hash: string }>(
            `SELECT password_hash FROM users WHERE email = '${person.email}'`,
          )
        )[0]?.password_hash
      // "your_password_123" at cost 5, where this service hashes at 4.
      const foreign = await import('@node-rs/bcrypt').then((bcrypt) => bcrypt.hash(person.password, 5))
      await service.query(`UPDATE users SET password_hash = '${foreign}' WHERE email = '${person.email}'`)
      assert.equal((await post('login', { ...person, password: 'wrong_password_1' })).status, 401)
      assert.equal(await hashOf(), foreign)
      assert.equal((await post('login', person)).status, 200)
      const renewed = await hashOf()
      assert.match(String(renewed), /^\$2b\$04\$/)
      assert.equal((await post('login', person)).status, 200)
      assert.equal(await hashOf(), renewed)
    })

    test('a disabled account is logged out everywhere, looks like a wrong password, and can be enabled again', async () => {
      const person = await service.loggedIn()
      const id = (await me(person.access)).body.id
      assert.equal(await service.service.accounts.disable(id), true)
      assert.equal(await service.service.accounts.disable(id), false)
      assert.equal((await me(person.access)).body.code, 'invalid_token')
      assert.equal(
        (await service.call('POST', '/api/v1/auth/refresh', { token: person.refresh })).body.code,
        'invalid_token',
      )
      const refused = await post('login', { email: person.email, password })
      const wrong = await post('login', { email: person.email, password: 'wrong_password_1' })
      assert.equal(refused.status, 401)
      const withoutId = (text: string) => text.replace(/[0-9a-f]{32}/, '')
      assert.equal(withoutId(refused.text), withoutId(wrong.text))
      assert.equal(await service.service.accounts.enable(id), true)
      assert.equal((await post('login', { email: person.email, password })).status, 200)
      assert.equal((await me(person.access)).body.code, 'invalid_token')
    })

    test('a change of password wants the old one, and ends all other sessions', async () => {
      const person = await service.loggedIn()
      const other = (await post('login', { email: person.email, password })).body
      const change = (current_password: string, new_password: string) =>
        service.call('PUT', '/api/v1/users/me/password', {
          token: person.access,
          json: { current_password, new_password },
        })

      assert.equal((await change('wrong_password_1', 'next_password_456')).body.code, 'invalid_credentials')
      const weak = await change(password, 'password1')
      assert.deepEqual(
        weak.body.errors.map((error: { field: string }) => error.field),
        ['new_password'],
      )
      assert.equal((await me(other.access_token)).status, 200)

      assert.equal((await change(password, 'next_password_456')).status, 204)
      assert.equal((await me(person.access)).status, 200)
      assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token: person.refresh })).status, 200)
      assert.equal((await me(other.access_token)).body.code, 'invalid_token')
      assert.equal((await post('login', { email: person.email, password })).status, 401)
      assert.equal((await post('login', { email: person.email, password: 'next_password_456' })).status, 200)
    })

    test('a deleted account takes its sessions along: every token of it is refused', async () => {
      const person = await service.loggedIn()
      await service.query(`DELETE FROM users WHERE email = '${person.email}'`)
      assert.equal((await me(person.access)).body.code, 'invalid_token')
      assert.equal(
        (await service.call('POST', '/api/v1/auth/refresh', { token: person.refresh })).body.code,
        'invalid_token',
      )
      assert.equal((await service.call('POST', '/api/v1/auth/logout', { token: person.refresh })).status, 204)
    })

    test('the audit log says who did what, when, whence, and in which request', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
      const json = { email: 'audited@example.com', password }
      const answer = await service.call('POST', '/api/v1/auth/register', { json, headers: { traceparent } })
      assert.equal(answer.headers.get('x-request-id'), '4bf92f3577b34da6a3ce929d0e0e4736')
      const rows = await service.query(
        `SELECT kind, user_id, audit_whence.ip, request_id FROM audit_events JOIN audit_whence ON event_id = id
         WHERE user_id = ${answer.body.id}`,
      )
      assert.deepEqual(rows, [
        {
          kind: 'registered',
          user_id: answer.body.id,
          ip: '127.0.0.1',
          request_id: '4bf92f3577b34da6a3ce929d0e0e4736',
        },
      ])
    })
  })
}
