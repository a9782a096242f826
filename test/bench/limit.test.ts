import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { adapter } from '../../bench/adapters/limit.ts'
import { freePort } from '../../bench/run/free-port.ts'
import { startServer } from '../../bench/run/server.ts'
import { startPostgres } from '../support/postgres.ts'
import { startProcess } from '../support/processes.ts'

const account = { email: 'ada@example.com', password: 'Seven-bridges-over-Pregel' }
const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())
/** What a token is made of, without what differs from one to the next. */
const shape = (token: string) => {
  const { kid: _, ...header } = part(token, 0)
  const claims: Record<string, unknown> = part(token, 1)
  return { header, claims: Object.entries(claims).map(([name, value]) => `${name}: ${typeof value}`) }
}

describe('the limit program', () => {
  it('has less than 120 lines, so that it hides nothing', async () => {
    const text = await readFile(new URL('../../bench/limit/server.ts', import.meta.url), 'utf8')
    assert.ok(text.trimEnd().split('\n').length < 120)
  })

  it('answers a refresh and me as the service does, on the service’s own tables', async () => {
    await using server = await startPostgres()
    await using database = await server.createDatabase()
    await using service = await startProcess(database.url)
    await service.call('POST', '/api/v1/auth/register', { json: account })
    const { body: first } = await service.call('POST', '/api/v1/auth/login', { json: account })
    const ours = await service.call('POST', '/api/v1/auth/refresh', { token: first.refresh_token })
    const ourMe = await service.call('GET', '/api/v1/users/me', { token: ours.body.access_token })

    const place = { host: '127.0.0.1', port: await freePort(), databaseUrl: database.url, folder: '' }
    const limit = await startServer(adapter, place, null)
    try {
      const [session] = (await adapter.seed?.(place, 1)) ?? []
      assert.ok(session)
      const ask = async (method: string, path: string, token: string | undefined) => {
        const headers = { authorization: `Bearer ${token}` }
        const response = await fetch(`http://${place.host}:${place.port}${path}`, { method, headers })
        const { status, headers: sent } = response
        return { status, headers: sent, body: (await response.json()) as Record<string, string> }
      }
      const its = await ask('POST', '/api/v1/auth/refresh', session.refresh)
      assert.equal(its.status, 200)
      assert.deepEqual(Object.keys(its.body), Object.keys(ours.body))
      for (const name of ['access_token', 'refresh_token']) {
        assert.deepEqual(shape(its.body[name] ?? ''), shape(ours.body[name]), name)
      }
      const itsMe = await ask('GET', '/api/v1/users/me', its.body.access_token)
      assert.equal(itsMe.status, 200)
      assert.deepEqual(Object.keys(itsMe.body), Object.keys(ourMe.body))
      assert.deepEqual([...itsMe.headers.keys()], [...ourMe.headers.keys()])
      assert.equal(typeof itsMe.body.id, typeof ourMe.body.id)

      assert.equal((await ask('POST', '/api/v1/auth/refresh', session.refresh)).status, 401, 'each token works once')
      assert.equal((await ask('GET', '/api/v1/users/me', ours.body.access_token)).status, 401, 'of another key')
    } finally {
      await limit.stop()
    }
  })
})
