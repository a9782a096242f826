import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { type CallOptions, password, startService, type TestService } from '../support/service.ts'

/** What a call has sent so far. The work in the background is no call's and has no list. */
const sent = new AsyncLocalStorage<string[]>()

describe('the statements that a call sends to PostgreSQL, those that open and end a transaction included', () => {
  const { query } = pg.Client.prototype
  let service: TestService
  let statements: string[] = []
  let strays: string[] = []
  before(async () => {
    pg.Client.prototype.query = function (this: pg.Client, ...values: unknown[]) {
      const [first] = values
      const text = typeof first === 'string' ? first : (first as { text: string }).text
      const list = sent.getStore() ?? strays
      list.push(text)
      return Reflect.apply(query, this, values)
    } as typeof query
    service = await startService({ env: { RATE_LIMIT: 'on' } })
    service.service.app.server.prependListener('request', () => sent.enterWith(statements))
  })
  after(async () => {
    await service.close()
    pg.Client.prototype.query = query
  })

  async function statementsOf(method: string, path: string, status: number, options: CallOptions): Promise<string[]> {
    statements = []
    strays = []
    const answer = await service.call(method, path, options)
    assert.equal(answer.status, status, answer.text)
    // The background looks at keys, and seals events: whatever else is here would be missing in the call's list.
    assert.deepEqual(
      strays.filter((text) => /users|sessions|insert into audit_events/i.test(text)),
      [],
    )
    return statements
  }

  it('a refresh is one: the update that moves the session on', async () => {
    const { refresh } = await service.loggedIn()
    const all = await statementsOf('POST', '/api/v1/auth/refresh', 200, { token: refresh })
    assert.equal(all.length, 1, all.join('\n'))
    assert.match(all[0] ?? '', /UPDATE sessions\s+SET generation/)
  })

  it('the question who I am is one: the session and its owner', async () => {
    const { access } = await service.loggedIn()
    const all = await statementsOf('GET', '/api/v1/users/me', 200, { token: access })
    assert.equal(all.length, 1, all.join('\n'))
  })

  it('a registration is six: its limit; the account and its audit event, in a transaction; the place', async () => {
    const json = { email: 'six@example.com', password }
    const all = await statementsOf('POST', '/api/v1/auth/register', 200, { json })
    assert.equal(all.length, 6, all.join('\n'))
  })

  it('a login is twelve, six of them for the limits, and one more from a new place', async () => {
    const json = await service.person()
    const known = await statementsOf('POST', '/api/v1/auth/login', 200, { json })
    assert.equal(known.length, 12, known.join('\n'))
    await service.query('DELETE FROM known_places')
    const unknown = await statementsOf('POST', '/api/v1/auth/login', 200, { json })
    assert.equal(unknown.length, 13, unknown.join('\n'))
  })

  it('a failed login is five: its limits, the attempt, the audit event', async () => {
    const json = { ...(await service.person()), password: 'not_the_password_1' }
    const all = await statementsOf('POST', '/api/v1/auth/login', 401, { json })
    assert.equal(all.length, 5, all.join('\n'))
  })

  it('a logout is four: the end of the session and its audit event, in a transaction', async () => {
    const { refresh } = await service.loggedIn()
    const all = await statementsOf('POST', '/api/v1/auth/logout', 204, { token: refresh })
    assert.equal(all.length, 4, all.join('\n'))
  })

  it('a forged token is none', async () => {
    const { access, refresh } = await service.loggedIn()
    const forge = (token: string) => `${token.slice(0, -9)}AAAAAAAAA`
    const calls = [
      ['POST', '/api/v1/auth/refresh', forge(refresh)],
      ['POST', '/api/v1/auth/logout', forge(refresh)],
      ['GET', '/api/v1/users/me', forge(access)],
    ] as const
    for (const [method, path, token] of calls) assert.deepEqual(await statementsOf(method, path, 401, { token }), [])
  })
})
