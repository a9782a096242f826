import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { run } from '../support/command-line.ts'
import { startPostgres } from '../support/postgres.ts'
import { processEnv, startProcess } from '../support/processes.ts'
import { password, startService, type TestService } from '../support/service.ts'

describe('the audit log of a service', () => {
  let service: TestService
  before(async () => {
    service = await startService()
  })
  after(() => service.close())

  const refusals = (token: string) => {
    const [, claims = ''] = token.split('.')
    const { sid } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    return service.query(
      `SELECT subject, audit_whence.ip FROM audit_events JOIN audit_whence ON event_id = id
       WHERE kind = 'token_refused' AND session_id = '${sid}' ORDER BY id`,
    )
  }
  const refresh = (token: string) => service.call('POST', '/api/v1/auth/refresh', { token })
  const me = (token: string) => service.call('GET', '/api/v1/users/me', { token })
  const ip = '127.0.0.1'

  it('says that it started, under which version and configuration', async () => {
    const [event] = await service.query(`SELECT subject FROM audit_events WHERE kind = 'started'`)
    assert.match(
      String(event?.subject),
      /^\d+\.\d+\.\d+ config [0-9a-f]{12} [A-Z_= 0-9]*BCRYPT_COST=4 .*audit key [0-9a-f]{16}$/,
    )
  })

  it('says that a token of an ended session was refused, once a minute however often it comes', async () => {
    const person = await service.loggedIn()
    await service.call('POST', '/api/v1/auth/logout', { token: person.refresh })
    for (let times = 0; times < 5; times++) assert.equal((await refresh(person.refresh)).status, 401)
    assert.equal((await me(person.access)).status, 401)
    assert.deepEqual(await refusals(person.access), [{ subject: 'invalid_token', ip }])
  })

  it('says that an access token of an ended session was refused', async () => {
    const person = await service.loggedIn()
    await service.call('POST', '/api/v1/auth/logout', { token: person.refresh })
    assert.equal((await me(person.access)).status, 401)
    assert.deepEqual(await refusals(person.access), [{ subject: 'invalid_token', ip }])
  })

  it('says that an expired refresh token was refused, and nothing of an expired access token', async () => {
    const person = await service.loggedIn()
    service.clock.advance(120)
    assert.equal((await me(person.access)).body.code, 'token_expired')
    assert.deepEqual(await refusals(person.access), [])
    service.clock.advance(180)
    assert.equal((await refresh(person.refresh)).body.code, 'token_expired')
    assert.deepEqual(await refusals(person.access), [{ subject: 'token_expired', ip }])
  })

  it('says nothing of tokens that are forged: they name nobody', async () => {
    const person = await service.loggedIn()
    const forged = `${person.refresh.slice(0, -9)}AAAAAAAAA`
    assert.equal((await refresh(forged)).status, 401)
    assert.equal((await me('nonsense')).status, 401)
    assert.deepEqual(await refusals(person.access), [])
  })

  it('is sealed and signed while the service runs, and intact', async () => {
    await service.service.auditLog.seal({ final: true })
    const { intact, text } = await service.service.auditLog.verify()
    assert.ok(intact, text)
    const line = service.logLines.map((one) => JSON.parse(one)).findLast((one) => one.checkpoint)
    assert.equal(line?.msg, 'the audit log is signed')
    const again = await service.service.auditLog.verify(line.checkpoint)
    assert.ok(again.intact, again.text)
  })
})

describe('the audit log of a process', () => {
  const opened = new AsyncDisposableStack()
  let client: pg.Client
  let dataDir = ''
  let url = ''
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-audit-'))
    opened.defer(() => rm(dataDir, { recursive: true, force: true }))
    const server = opened.use(await startPostgres())
    url = (await server.createDatabase()).url
    client = new pg.Client({ connectionString: url })
    await client.connect()
    opened.defer(() => client.end())
  })
  after(() => opened.disposeAsync())

  const command = async (...words: string[]) => {
    const started = run({ ...processEnv, DATABASE_URL: url, DATA_DIR: dataDir }, words)
    return { code: await started.ended, ...started.texts }
  }

  it('has what was answered before the process was killed, and seals it after the next start', async () => {
    const json = { email: 'killed@example.com', password }
    const dying = await startProcess(url)
    assert.equal((await dying.call('POST', '/api/v1/auth/register', { json })).status, 200)
    const login = await dying.call('POST', '/api/v1/auth/login', { json })
    const token = login.body.refresh_token
    assert.equal((await dying.call('POST', '/api/v1/auth/logout', { token })).status, 204)
    assert.equal((await dying.call('POST', '/api/v1/auth/refresh', { token })).status, 401)
    await dying.kill()
    const { rows } = await client.query('SELECT kind FROM audit_events WHERE user_id IS NOT NULL ORDER BY id')
    assert.deepEqual(
      rows.map((row) => row.kind),
      ['registered', 'logged_in', 'logged_out', 'token_refused'],
    )
    await using next = await startProcess(url)
    await next.stop()
    const { code, stdout } = await command('audit', 'verify')
    assert.equal(code, 0)
    assert.match(stdout, /^7 events, positions 1 to 7, intact; 0 not yet sealed\.\n\d checkpoints; 0 events after/)
  })

  it('lets an operator erase what is personal in a user’s events', async () => {
    const { rows } = await client.query('SELECT id FROM users')
    const erased = await command('audit', 'erase', String(rows[0].id), '--yes')
    assert.deepEqual(
      [erased.code, erased.stdout],
      [0, `Personal data of 4 events of user ${rows[0].id} were erased.\n`],
    )
    const { code, stdout } = await command('audit', 'verify')
    assert.equal(code, 0)
    assert.match(stdout, /intact; 1 not yet sealed.*Personal data of 4 events were erased/s)
  })

  it('that was tampered with is told of in one sentence, with 1 as the exit code', async () => {
    await client.query('SET session_replication_role = replica')
    await client.query(`UPDATE audit_events SET kind = 'altered' WHERE id = 3`)
    const { code, stdout, stderr } = await command('audit', 'verify')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /^latchkey: The audit log is broken at position 3, event 3: the event or its place was altered\.\n$/,
    )
  })
})
