import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { kinds, password, startService, type TestService } from '../support/service.ts'

for (const kind of kinds) {
  describe(`sessions on ${kind}`, () => {
    let service: TestService
    before(async () => {
      service = await startService({ kind, env: { MAX_SESSIONS_PER_USER: '3', SESSION_MAX_AGE: '1h' } })
    })
    after(() => service.close())

    const login = async (email: string, userAgent = 'test') => {
      const headers = { 'user-agent': userAgent }
      return (await service.call('POST', '/api/v1/auth/login', { json: { email, password }, headers })).body
    }
    const refresh = (token: string) => service.call('POST', '/api/v1/auth/refresh', { token })
    const list = async (token: string) =>
      (await service.call('GET', '/api/v1/users/me/sessions', { token })).body.sessions
    const me = async (token: string) => (await service.call('GET', '/api/v1/users/me', { token })).status
    const path = '/api/v1/users/me/sessions'

    test('a person sees their sessions, the last used first, with the current one marked', async () => {
      const person = await service.person()
      const phone = await login(person.email, 'phone')
      service.clock.advance(2)
      const laptop = await login(person.email, 'laptop')
      service.clock.advance(2)
      const refreshed = (await refresh(phone.refresh_token)).body
      const sessions = await list(laptop.access_token)
      assert.deepEqual(
        sessions.map((one: { user_agent: string; current: boolean; ip: string }) => [
          one.user_agent,
          one.current,
          one.ip,
        ]),
        [
          ['phone', false, '127.0.0.1'],
          ['laptop', true, '127.0.0.1'],
        ],
      )
      assert.equal(new Date(sessions[0].last_used_at).getTime() - new Date(sessions[0].created_at).getTime(), 4000)
      assert.equal((await list(refreshed.access_token))[0].current, true)
    })

    test('a person ends one session, not that of another, and one that is over is not found', async () => {
      const person = await service.person()
      const [mine, doomed] = [await login(person.email), await login(person.email)]
      const stranger = await service.loggedIn()
      const { id } = (await list(mine.access_token)).find((one: { current: boolean }) => !one.current)
      const end = (token: string, target: string) => service.call('DELETE', `${path}/${target}`, { token })
      assert.equal((await end(stranger.access, id)).body.code, 'not_found')
      assert.equal(await me(doomed.access_token), 200)
      assert.equal((await end(mine.access_token, id)).status, 204)
      assert.equal(await me(doomed.access_token), 401)
      assert.equal((await refresh(doomed.refresh_token)).body.code, 'invalid_token')
      for (const target of [id, 'x', '00000000-0000-0000-0000-000000000000', '%7B%7D', id.toUpperCase()]) {
        assert.equal((await end(mine.access_token, target)).body.code, 'not_found', target)
      }
      assert.equal(await me(mine.access_token), 200)
    })

    test('a person ends all their other sessions and keeps the current one', async () => {
      const person = await service.person()
      const [mine, ...others] = [await login(person.email), await login(person.email), await login(person.email)]
      const stranger = await service.loggedIn()
      assert.equal((await service.call('DELETE', path, { token: mine.access_token })).status, 204)
      assert.equal(await me(mine.access_token), 200)
      assert.equal(await me(stranger.access), 200)
      for (const other of others) assert.equal(await me(other.access_token), 401)
    })

    test('beyond the bound the session that was unused longest ends, for its user alone', async () => {
      const person = await service.person()
      const stranger = await service.loggedIn()
      const first = await login(person.email)
      service.clock.advance(1)
      const second = await login(person.email)
      service.clock.advance(1)
      const third = await login(person.email)
      service.clock.advance(1)
      const kept = (await refresh(first.refresh_token)).body
      const fourth = await login(person.email)
      assert.equal(await me(second.access_token), 401)
      for (const pair of [kept, third, fourth]) assert.equal(await me(pair.access_token), 200)
      assert.equal(await me(stranger.access), 200)
    })

    test('an idle session ends with its refresh token, and no refresh moves the absolute end', async () => {
      const person = await service.person()
      let pair = await login(person.email)
      const { session_expires_at } = pair
      service.clock.advance(299)
      const alive = await refresh(pair.refresh_token)
      assert.equal(alive.status, 200)
      service.clock.advance(300)
      assert.equal((await refresh(alive.body.refresh_token)).body.code, 'token_expired')

      pair = await login(person.email)
      const end = new Date(pair.session_expires_at)
      assert.notEqual(pair.session_expires_at, session_expires_at)
      for (let minute = 0; minute < 14; minute++) {
        service.clock.advance(240)
        const next = await refresh(pair.refresh_token)
        assert.equal(next.body.session_expires_at, pair.session_expires_at)
        pair = next.body
      }
      service.clock.advance(200)
      pair = (await refresh(pair.refresh_token)).body
      assert.equal(pair.refresh_expires_in, (end.getTime() - service.clock().getTime()) / 1000)
      service.clock.set(new Date(end.getTime() - 1000))
      pair = (await refresh(pair.refresh_token)).body
      assert.equal(pair.expires_in, 1)
      service.clock.set(end)
      assert.equal((await refresh(pair.refresh_token)).body.code, 'token_expired')
      assert.equal(await me(pair.access_token), 401)
    })

    test('sessions that have been over for a day are purged, and living ones are not', async () => {
      const person = await service.person()
      for (let count = 0; count < 3; count++) await login(person.email)
      const ended = await login(person.email)
      await service.call('POST', '/api/v1/auth/logout', { token: ended.refresh_token })
      service.clock.advance(86_400 + 301)
      const living = await login(person.email)
      const purged = await service.service.sessions.purge()
      assert.ok(purged >= 4, `${purged} purged`)
      assert.deepEqual(await service.query('SELECT generation FROM sessions'), [{ generation: 0 }])
      assert.equal(await me(living.access_token), 200)
      // A purged session's tokens are refused as before, and logging out of it again is no error.
      assert.equal((await refresh(ended.refresh_token)).body.code, 'token_expired')
    })

    test('what a client says of itself is kept bounded and harmless', async () => {
      const person = await service.person()
      const pair = await login(person.email, `evil\t${'x'.repeat(1000)}`)
      const [session] = await list(pair.access_token)
      assert.equal(session.user_agent.length, 256)
      assert.match(session.user_agent, /^evil x+$/)
    })
  })
}
