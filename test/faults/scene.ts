import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { assertRefused } from '../support/problems.ts'
import { type Answer, type CallOptions, startService, type TestService } from '../support/service.ts'

/** The service, a proxy between it and its database, and a way to that database which no fault is on. */
export interface Scene {
  readonly service: TestService
  readonly proxy: FaultProxy
  /** The database's URL, without the proxy. */
  readonly databaseUrl: string
  query<T = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<T[]>
  /** The one value that a statement answers. */
  one(statement: string, values?: unknown[]): Promise<number>
  [Symbol.asyncDispose](): Promise<void>
}

/** @param server one that the caller stops; else the one of all tests. */
export async function openScene(server?: TestPostgres, env: Record<string, string> = {}): Promise<Scene> {
  await using opened = new AsyncDisposableStack()
  const postgres = server ?? opened.use(await startPostgres())
  const database = await postgres.createDatabase()
  const proxy = opened.use(await startFaultProxy(database.url))
  const service = await startService({
    env: { DATABASE_URL: proxy.url, RATE_LIMIT: 'off', REFRESH_REUSE_POLICY: 'repeat', ...env },
  })
  opened.defer(() => service.close())
  let client: Client | undefined
  opened.defer(() => client?.end())
  const query = async <T>(statement: string, values: unknown[] = []) => {
    if (!client) {
      const fresh = new Client({ connectionString: database.url })
      // It breaks when the server is stopped: the next look takes another.
      fresh.on('error', () => {})
      fresh.on('end', () => {
        if (client === fresh) client = undefined
      })
      await fresh.connect()
      client = fresh
    }
    return (await client.query(statement, values)).rows as T[]
  }
  const running = opened.move()
  return {
    service,
    proxy,
    databaseUrl: database.url,
    query,
    one: async (statement, values) => Number(Object.values((await query(statement, values))[0] ?? {})[0]),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** A call that writes, what is left of it in the database, and what the client may do when the answer is lost. */
export interface Deed {
  /** Stands in the messages of the transaction, or of the statement, that does it. */
  readonly mark: string
  readonly method: string
  readonly path: string
  readonly options: CallOptions
  readonly success: number
  /** How often it was done, by the rows; fails where only a part of it was. */
  effect(): Promise<number>
  /** The same call once more, after the fault: safe whether it was done before or not. */
  retry(done: boolean): Promise<void>
}

export type Prepare = (scene: Scene) => Promise<Deed>

const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

const newPassword = 'another_password_456'

/** How often an event is in the audit log; asserts that it is there as often as the deed is done. */
async function audited({ one }: Scene, done: number, condition: string, value: unknown): Promise<number> {
  const events = await one(`SELECT count(*) FROM audit_events WHERE ${condition}`, [value])
  assert.equal(events, done, `done ${done} times, ${events} times in the audit log`)
  return done
}

/** Every route that writes. */
export const deeds: Readonly<Record<string, Prepare>> = {
  register: async (scene) => {
    const json = { email: `fault-${randomUUID()}@example.com`, password: newPassword }
    const call = () => scene.service.call('POST', '/api/v1/auth/register', { json })
    return {
      mark: json.email,
      method: 'POST',
      path: '/api/v1/auth/register',
      options: { json },
      success: 200,
      async effect() {
        const rows = await scene.query<{ id: number }>('SELECT id FROM users WHERE email = $1', [json.email])
        for (const { id } of rows) await audited(scene, 1, "kind = 'registered' AND user_id = $1", id)
        return rows.length
      },
      async retry(done) {
        const answer = await call()
        if (done) assertRefused(answer, 409, 'email_taken')
        else assert.equal(answer.status, 200, answer.text)
      },
    }
  },

  login: async (scene) => {
    const json = await scene.service.person()
    const mark = `device-${randomUUID()}`
    const options = { json, headers: { 'user-agent': mark } }
    const sessions = () => scene.query<{ id: string }>('SELECT id FROM sessions WHERE user_agent = $1', [mark])
    return {
      mark,
      method: 'POST',
      path: '/api/v1/auth/login',
      options,
      success: 200,
      async effect() {
        const rows = await sessions()
        for (const { id } of rows) await audited(scene, 1, "kind = 'logged_in' AND session_id = $1", id)
        return rows.length
      },
      async retry(done) {
        const answer = await scene.service.call('POST', '/api/v1/auth/login', options)
        assert.equal(answer.status, 200, answer.text)
        assert.equal((await sessions()).length, done ? 2 : 1, 'a session whose token nobody got stays unused')
      },
    }
  },

  refresh: async (scene) => {
    const { refresh } = await scene.service.loggedIn()
    const { sid, gen } = claims(refresh)
    const effect = async () => (await scene.one('SELECT generation FROM sessions WHERE id = $1', [sid])) - gen
    return {
      mark: sid,
      method: 'POST',
      path: '/api/v1/auth/refresh',
      options: { token: refresh },
      success: 200,
      effect,
      async retry() {
        const first = await scene.service.call('POST', '/api/v1/auth/refresh', { token: refresh })
        const again = await scene.service.call('POST', '/api/v1/auth/refresh', { token: refresh })
        assert.deepEqual([first.status, again.status], [200, 200], first.text)
        assert.equal(again.body.refresh_token, first.body.refresh_token)
        assert.equal(await effect(), 1)
        const next = await scene.service.call('POST', '/api/v1/auth/refresh', { token: first.body.refresh_token })
        assert.equal(next.status, 200, next.text)
      },
    }
  },

  logout: async (scene) => {
    const { refresh } = await scene.service.loggedIn()
    const { sid } = claims(refresh)
    const effect = async () => {
      const done = await scene.one('SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NOT NULL', [sid])
      return audited(scene, done, "kind = 'logged_out' AND session_id = $1", sid)
    }
    return {
      mark: sid,
      method: 'POST',
      path: '/api/v1/auth/logout',
      options: { token: refresh },
      success: 204,
      effect,
      async retry() {
        const answer = await scene.service.call('POST', '/api/v1/auth/logout', { token: refresh })
        assert.equal(answer.status, 204, answer.text)
        assert.equal(await effect(), 1)
        const late = await scene.service.call('POST', '/api/v1/auth/refresh', { token: refresh })
        assertRefused(late, 401, 'invalid_token')
      },
    }
  },

  'change password': async (scene) => {
    const person = await scene.service.loggedIn()
    const other = await logIn(scene, person)
    const { sid, sub } = claims(person.access)
    const path = '/api/v1/users/me/password'
    const json = { current_password: person.password, new_password: newPassword }
    const options = { token: person.access, json }
    const effect = async () => {
      const done = await scene.one('SELECT epoch FROM users WHERE id = $1', [sub])
      const ended = await scene.one('SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NOT NULL', [
        sub,
      ])
      assert.equal(ended, done, 'the other session ends with the old password')
      return audited(scene, done, "kind = 'password_changed' AND user_id = $1", sub)
    }
    return {
      mark: sid,
      method: 'PUT',
      path,
      options,
      success: 204,
      effect,
      async retry(done) {
        const answer = await scene.service.call('PUT', path, options)
        if (done) assertRefused(answer, 401, 'invalid_credentials')
        else assert.equal(answer.status, 204, answer.text)
        assert.equal(await effect(), 1)
        await logIn(scene, { email: person.email, password: newPassword })
        const late = await scene.service.call('POST', '/api/v1/auth/refresh', { token: other.refresh_token })
        assertRefused(late, 401, 'invalid_token')
      },
    }
  },

  'end one session': async (scene) => {
    const person = await scene.service.loggedIn()
    const { sid } = claims((await logIn(scene, person)).refresh_token)
    const path = `/api/v1/users/me/sessions/${sid}`
    const effect = async () => {
      const done = await scene.one('SELECT count(*) FROM sessions WHERE id = $1 AND revoked_at IS NOT NULL', [sid])
      return audited(scene, done, "kind = 'session_revoked' AND session_id = $1", sid)
    }
    return {
      mark: sid,
      method: 'DELETE',
      path,
      options: { token: person.access },
      success: 204,
      effect,
      async retry(done) {
        const answer = await scene.service.call('DELETE', path, { token: person.access })
        if (done) assertRefused(answer, 404, 'not_found')
        else assert.equal(answer.status, 204, answer.text)
        assert.equal(await effect(), 1)
      },
    }
  },

  'end the other sessions': async (scene) => {
    const person = await scene.service.loggedIn()
    for (let count = 0; count < 2; count++) await logIn(scene, person)
    const { sid, sub } = claims(person.access)
    const path = '/api/v1/users/me/sessions'
    const effect = async () => {
      const ended = await scene.one('SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NOT NULL', [
        sub,
      ])
      assert.ok(ended === 0 || ended === 2, `${ended} of 2 sessions have ended`)
      return (await audited(scene, ended, "kind = 'session_revoked' AND user_id = $1", sub)) / 2
    }
    return {
      mark: sid,
      method: 'DELETE',
      path,
      options: { token: person.access },
      success: 204,
      effect,
      async retry() {
        const answer = await scene.service.call('DELETE', path, { token: person.access })
        assert.equal(answer.status, 204, answer.text)
        assert.equal(await effect(), 1)
      },
    }
  },
}

async function logIn({ service }: Scene, { email, password }: { email: string; password: string }) {
  const answer = await service.call('POST', '/api/v1/auth/login', { json: { email, password } })
  assert.equal(answer.status, 200, answer.text)
  return answer.body as { access_token: string; refresh_token: string }
}

export const does = ({ service }: Scene, { method, path, options }: Deed): Promise<Answer> =>
  service.call(method, path, options)

/** The refusal that says: not now. */
export const assertUnavailable = (answer: Answer) => assertRefused(answer, 503, 'database_unavailable')

/** Milliseconds until a route that needs the database serves again; it asks anew as soon as it was refused. */
export async function recovery(
  { service }: { service: Pick<TestService, 'call'> },
  since = performance.now(),
): Promise<number> {
  const token = 'x'
  for (;;) {
    const { status } = await service.call('POST', '/api/v1/auth/login', {
      json: { email: 'nobody@example.com', password: token },
    })
    const took = performance.now() - since
    if (status === 401) return took
    assert.equal(status, 503)
    assert.ok(took < 20_000, 'it does not recover')
    await sleep(10)
  }
}

/**
 * So long after the database is back, in milliseconds, requests are served. Two seconds are promised, and held by the long
 * set, on a machine that does nothing else; here other suites run beside.
 */
export const recoveryBound = Number(process.env.RECOVERY_BOUND ?? 10_000)
