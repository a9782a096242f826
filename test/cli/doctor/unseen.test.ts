import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { missingRights, neededRights } from '../../../src/cli/doctor/database-rights.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres } from '../../../src/platform/postgres/database.ts'
import { startPostgres } from '../../support/postgres.ts'
import { processEnv, startProcess } from '../../support/processes.ts'
import { password } from '../../support/service.ts'
import { command } from '../run.ts'

describe('the doctor, where it may not see everything', () => {
  const opened = new AsyncDisposableStack()
  let url = ''
  let dataDir = ''
  let admin: Client
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-doctor-'))
    opened.defer(() => rm(dataDir, { recursive: true, force: true }))
    const server = opened.use(await startPostgres())
    url = (await server.createDatabase()).url
    admin = new Client({ connectionString: url })
    await admin.connect()
    opened.defer(() => admin.end())
    // The first start makes the tables and the keys.
    await (await startProcess(url)).stop()
  })
  after(() => opened.disposeAsync())

  /** A role with these rights on what is in the database, and no other. */
  async function roleWith(rights: Readonly<Record<string, readonly string[]>>): Promise<{ name: string; url: string }> {
    const [name, secret] = [`role_${randomBytes(6).toString('hex')}`, randomBytes(16).toString('hex')]
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${secret}'`)
    opened.defer(async () => {
      await admin.query(`DROP OWNED BY ${name}`)
      await admin.query(`DROP ROLE ${name}`)
    })
    for (const [what, some] of Object.entries(rights)) {
      if (some.length > 0) await admin.query(`GRANT ${some.join(', ')} ON ${what} TO ${name}`)
    }
    return { name, url: Object.assign(new URL(url), { username: name, password: secret }).href }
  }
  const without = (...names: string[]) =>
    Object.fromEntries(
      Object.entries(neededRights).map(([name, rights]) => [
        name,
        names.includes(name) ? rights.filter((right) => right !== 'SELECT') : rights,
      ]),
    )

  const examined = async (env: Record<string, string>) => {
    const { code, stdout, stderr } = await command({ ...processEnv, DATA_DIR: dataDir, ...env }, ['doctor', '--json'])
    assert.ok(stdout, stderr)
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    return { code, of: (check: string) => findings.filter((finding) => finding.check === check) }
  }

  it('says which rights a role lacks that may read and add, and change nothing', async () => {
    const reader = await roleWith({ 'ALL TABLES IN SCHEMA public': ['SELECT', 'INSERT'] })
    const { code, of } = await examined({ DATABASE_URL: reader.url })
    assert.equal(code, 1)
    const [role] = of('database.role').filter(({ severity }) => severity === 'error')
    assert.match(role?.what ?? '', /lacks UPDATE, DELETE on users; .*; DELETE on audit_events; /)
    assert.match(role?.what ?? '', /; USAGE, SELECT, UPDATE on audit_events_id_seq\.$/)
    assert.match(role?.mend ?? '', /^GRANT .* ON ALL TABLES .*; GRANT .* ON ALL SEQUENCES .*;$/)
  })

  it('finds each right that is needed where it alone is lacking', async () => {
    const { name, url } = await roleWith(neededRights)
    const database = connectPostgres(new Secret(url), createLog('silent'))
    try {
      assert.deepEqual(await missingRights(database), [])
      for (const [what, rights] of Object.entries(neededRights)) {
        for (const right of rights) {
          await admin.query(`REVOKE ${right} ON ${what} FROM ${name}`)
          assert.deepEqual(await missingRights(database), [`${right} on ${what}`])
          await admin.query(`GRANT ${right} ON ${what} TO ${name}`)
        }
      }
    } finally {
      await database.destroy()
    }
  })

  it('asks for no right too few: with these alone the service and its commands do their work', async () => {
    const role = await roleWith(neededRights)
    const { of } = await examined({ DATABASE_URL: role.url })
    assert.deepEqual(
      of('database.role').map(({ severity, what }) => [severity, what]),
      [['warning', `The role ${role.name} may create no tables.`]],
    )
    await using service = await startProcess(role.url, { RATE_LIMIT: 'on' })
    const call = async (status: number, method: string, path: string, options: Parameters<typeof service.call>[2]) => {
      const answer = await service.call(method, `/api/v1/${path}`, options)
      assert.equal(answer.status, status, answer.text)
      return answer.body
    }
    const person = { email: 'restricted@example.com', password }
    const { id } = await call(200, 'POST', 'auth/register', { json: person })
    await call(401, 'POST', 'auth/login', { json: { ...person, password: 'another one' } })
    await call(401, 'POST', 'auth/login', { json: { ...person, email: 'nobody@example.com' } })
    const { refresh_token: token } = await call(200, 'POST', 'auth/login', { json: person })
    await call(200, 'POST', 'auth/refresh', { token })

    const env = { ...processEnv, DATABASE_URL: role.url, DATA_DIR: dataDir }
    const users = join(dataDir, 'users.ndjson')
    await writeFile(users, '{"email":"imported@example.com"}\n')
    for (const words of [
      ['users', 'disable', String(id), '--yes'],
      ['users', 'enable', String(id)],
      ['users', 'import', users, '--from', 'ndjson'],
      ['users', 'export', join(dataDir, 'everything.ndjson'), '--everything'],
      ['users', 'delete', String(id), '--yes'],
      ['keys', 'rotate', '--yes'],
      ['audit', 'erase', String(id), '--yes'],
      ['audit', 'verify'],
    ]) {
      const { code, stderr } = await command(env, words)
      assert.equal(code, 0, `${words.join(' ')}: ${stderr}`)
    }
  })

  it('says what it may not read, and looks at all else', async () => {
    const door = await standIn()
    await using service = await startProcess(url, { PUBLIC_URL: door.url })
    door.answers = async (path, init) => fetch(`${service.url}${path}`, init)
    const role = await roleWith(without('schema_checksums', 'signing_keys', 'audit_whence'))
    const { code, of } = await examined({ DATABASE_URL: role.url, PUBLIC_URL: door.url })
    assert.equal(code, 1)
    for (const [check, table] of [
      ['database.migrations', 'schema_checksums'],
      ['keys', 'signing_keys'],
      ['proxies', 'audit_whence'],
    ] as const) {
      assert.equal(of(check)[0]?.severity, 'error', check)
      assert.match(of(check)[0]?.what ?? '', new RegExp(`could not be looked at: .*${table}`))
    }
    assert.equal(of('public-url')[0]?.severity, 'ok')
  })

  it('says that a proxy answers with a page where the keys are, and cuts the login off', async () => {
    const door = await standIn()
    door.answers = async (path) => {
      if (path.endsWith('/login')) throw new Error('cut')
      if (path.endsWith('.json')) return new Response('<!doctype html><title>Welcome</title>')
      return Response.json({ issuer: door.url })
    }
    const { code, of } = await examined({ DATABASE_URL: url, PUBLIC_URL: door.url })
    assert.equal(code, 1)
    assert.equal(of('public-url')[0]?.severity, 'ok')
    assert.match(of('public-url.keys')[0]?.what ?? '', /jwks\.json is no key set \(SyntaxError\)\.$/)
    assert.match(of('proxies')[0]?.what ?? '', /^A login there is cut off \(\w+\)\.$/)
  })

  /** Stands at PUBLIC_URL and answers as it is told; where that throws, it hangs up. */
  async function standIn() {
    const door = {
      url: '',
      answers: async (_path: string, _init: RequestInit): Promise<Response> => new Response(null, { status: 503 }),
    }
    const server = createServer(async (incoming, outgoing) => {
      try {
        const chunks = await incoming.toArray()
        const headers = new Headers()
        for (const name of ['content-type', 'traceparent', 'x-forwarded-for'])
          if (incoming.headers[name]) headers.set(name, String(incoming.headers[name]))
        const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
        const answer = await door.answers(incoming.url ?? '/', { method: incoming.method ?? 'GET', headers, ...body })
        outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
      } catch {
        outgoing.destroy()
      }
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.defer(() => {
      server.close()
      server.closeAllConnections()
    })
    door.url = `http://localhost:${(server.address() as AddressInfo).port}`
    return door
  }
})
