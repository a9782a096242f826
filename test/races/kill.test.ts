import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startProcess } from '../support/processes.ts'
import { type Arena, expect, openArena, refresh } from './arena.ts'

// The window stays open however long a process takes to start.
const env = { REFRESH_REUSE_WINDOW: '4m' }

describe('a process that is killed right after its answer', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena(env)
  })
  after(() => arena[Symbol.asyncDispose]())

  it('has rotated the session: the old token is refused elsewhere and after a restart, the new one works', async () => {
    await using dying = await startProcess(arena.database.url, env)
    const login = await arena.session()
    const successor = expect(await refresh(dying, login.refresh), 200).body.refresh_token
    await dying.kill()

    expect(await refresh(arena.next(), login.refresh), 401, 'refresh_token_reused')
    assert.deepEqual(await arena.row(login), { generation: 2, revoked: false, live: true })
    await using restarted = await startProcess(arena.database.url, env)
    expect(await refresh(restarted, login.refresh), 401, 'refresh_token_reused')
    const third = expect(await refresh(restarted, successor), 200).body.refresh_token

    // Two generations back it is a theft, even to a process that has seen nothing of the first one.
    expect(await refresh(restarted, login.refresh), 401, 'refresh_token_reused')
    expect(await refresh(arena.next(), third), 401, 'invalid_token')
    assert.deepEqual(await arena.row(login), { generation: 3, revoked: true, live: false })
  })

  it('has ended the session: no token of it works elsewhere or after a restart', async () => {
    await using dying = await startProcess(arena.database.url, env)
    const login = await arena.session()
    expect(await dying.call('POST', '/api/v1/auth/logout', { token: login.refresh }), 204)
    await dying.kill()

    expect(await refresh(arena.next(), login.refresh), 401, 'invalid_token')
    expect(await arena.next().call('GET', '/api/v1/users/me', { token: login.access }), 401, 'invalid_token')
    await using restarted = await startProcess(arena.database.url, env)
    expect(await refresh(restarted, login.refresh), 401, 'invalid_token')
    assert.deepEqual(await arena.row(login), { generation: 1, revoked: true, live: false })
  })

  it('has revoked the session of a stolen token: the thief and the owner stay out', async () => {
    await using dying = await startProcess(arena.database.url, env)
    const login = await arena.session()
    const second = expect(await refresh(dying, login.refresh), 200).body.refresh_token
    const third = expect(await refresh(dying, second), 200).body.refresh_token
    expect(await refresh(dying, login.refresh), 401, 'refresh_token_reused')
    await dying.kill()

    for (const token of [login.refresh, second, third]) expect(await refresh(arena.next(), token), 401, 'invalid_token')
    assert.deepEqual(await arena.row(login), { generation: 3, revoked: true, live: false })
    const events = await arena.query(
      `SELECT user_id::int FROM audit_events WHERE kind = 'refresh_token_reused' AND session_id = $1`,
      [login.session],
    )
    assert.deepEqual(events, [{ user_id: login.userId }])
  })
})
