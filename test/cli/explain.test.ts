import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { explain, refusals } from '../../src/cli/explanations.ts'
import { faces } from '../../src/platform/http/problem.ts'
import { limits } from '../../src/throttle/domain/limit.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { password, startService, type TestService } from '../support/service.ts'
import { command, hasTerminal, onTerminal } from './run.ts'

const auth = '/api/v1/auth'

describe('latchkey explain', () => {
  let server: TestPostgres
  let service: TestService
  let env: Record<string, string>
  before(async () => {
    server = await startPostgres()
    const { url } = await server.createDatabase()
    env = { DATABASE_URL: url, SECRET_KEY: 'Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA' }
    service = await startService({ env: { ...env, RATE_LIMIT: 'on' } })
  })
  after(async () => {
    await service?.close()
    await server?.stop()
  })

  const run = (...words: string[]) => command(env, ['explain', ...words])
  const json = async (id: string) => {
    const { code, stdout, stderr } = await run(id, '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  /** Makes a call, and answers the id that the caller got with the refusal. */
  const refused = async (status: number, path: string, sent: Parameters<TestService['call']>[2]) => {
    const answer = await service.call('POST', `${auth}/${path}`, sent)
    assert.equal(answer.status, status, answer.text)
    return answer.body.request_id as string
  }

  it('tells why a login failed, which the caller is not told, and whose it was and from where', async () => {
    const person = await service.person()
    const wrong = { json: { ...person, password: 'not this one' }, headers: { 'user-agent': 'a test' } }
    const unknown = { json: { email: 'nobody-here@example.com', password } }
    const { code, stdout } = await run(await refused(401, 'login', wrong))
    assert.equal(code, 0)
    assert.match(stdout, /^A login was refused: the password is not that of the account\.\nat +\d{4}-/)
    assert.match(stdout, /^user +\d+$/m)
    assert.match(stdout, /^address +127\.0\.0\.1$/m)
    assert.match(stdout, /^device +a test$/m)
    assert.match(stdout, /^answered +401 invalid_credentials$/m)
    const other = (await run(await refused(401, 'login', unknown))).stdout
    assert.match(other, /^A login was refused: no account has the e-mail address that was typed\.$/m)
    assert.match(other, /^user +not known$/m)
    assert.ok(!`${stdout}${other}`.includes('@'))
  })

  it('tells a disabled account from one without a password, each with the command that opens it', async () => {
    const [shut, bare] = [await service.person(), await service.person()]
    await service.query(`UPDATE users SET disabled_at = now() WHERE email = '${shut.email}'`)
    await service.query(`UPDATE users SET password_hash = NULL WHERE email = '${bare.email}'`)
    const explained = async (who: typeof shut) => (await json(await refused(401, 'login', { json: who }))).events[0]
    const disabled = await explained(shut)
    assert.deepEqual([disabled.why, disabled.answer.code], ['the account is disabled', 'invalid_credentials'])
    assert.match(disabled.hint, /`latchkey users enable`/)
    const without = await explained(bare)
    assert.equal(without.why, 'the account has no password')
    assert.match(without.hint, /`latchkey users set-password`/)
  })

  it('tells a race, a theft and a session that is over apart', async () => {
    const { refresh } = await service.loggedIn()
    const call = (token: string) => service.call('POST', `${auth}/refresh`, { token })
    const second = (await call(refresh)).body.refresh_token
    const raced = await json(await refused(401, 'refresh', { token: refresh }))
    assert.deepEqual([raced.refused, raced.events.length], [true, 1])
    assert.match(raced.events[0].why, /two tabs raced/)
    assert.deepEqual(raced.events[0].answer, { code: 'refresh_token_reused', status: 401 })
    service.clock.advance(70)
    const stolen = await json(await refused(401, 'refresh', { token: refresh }))
    assert.match(stolen.events[0].why, /may be stolen/)
    assert.equal(stolen.events[0].event, 'refresh_token_reused')
    const over = await json(await refused(401, 'refresh', { token: second }))
    assert.match(over.events[0].why, /its session is over/)
    assert.ok(over.events[0].user_id && over.events[0].session_id)
  })

  it('tells which limit was hit, and that an address is taken', async () => {
    const person = await service.person()
    assert.match((await run(await refused(409, 'register', { json: person }))).stdout, /exists already\.\n/)
    const wrong = { json: { email: 'limited@example.com', password } }
    for (let count = 0; count < 10; count++) await refused(401, 'login', wrong)
    const { stdout } = await run(await refused(429, 'login', wrong))
    assert.match(stdout, /^A call was refused by a limit: too many logins to one account from this network address\.$/m)
    assert.match(stdout, /^answered +429 too_many_requests$/m)
  })

  it('takes a whole traceparent, and says of a request that was answered that it was not refused', async () => {
    const person = await service.person()
    const trace = randomBytes(16).toString('hex')
    const traceparent = `00-${trace}-${randomBytes(8).toString('hex')}-01`
    const login = await service.call('POST', `${auth}/login`, { json: person, headers: { traceparent } })
    assert.equal(login.status, 200)
    const { code, stdout, stderr } = await run(traceparent)
    assert.equal(code, 0)
    assert.match(stdout, /^Not a refusal: logged_in/)
    assert.match(stderr, /was not refused/)
    assert.equal((await json(trace)).refused, false)
  })

  it('ends with 4 and points to the log where no event has the id, and with 2 where it is no id', async () => {
    const forged = await refused(401, 'refresh', { token: 'a.b.c' })
    for (const words of [[forged], [forged, '--since', '1h']]) {
      const { code, stdout, stderr } = await run(...words)
      assert.deepEqual([code, stdout], [4, ''])
      assert.match(stderr, /^latchkey: No security event has this id: see the log\./)
    }
    assert.equal(JSON.parse((await run(forged, '--json')).stderr).error.code, 'refused')
    assert.equal((await run('7')).code, 2)
    assert.ok(service.logLines.some((line) => line.includes(forged) && line.includes('"because"')))
  })

  it('shows the same on a terminal, in bold', {
    skip: !hasTerminal() && '`script` of util-linux is not installed',
  }, async () => {
    const id = await refused(401, 'login', { json: { email: 'nobody-here@example.com', password } })
    const { code, shown } = await onTerminal(env, ['explain', id])
    assert.equal(code, 0)
    assert.ok(shown.includes('\x1b[1mA login was refused: no account has'), shown)
  })
})

describe('an explanation', () => {
  it('is there for every limit, and names codes and statuses that exist', () => {
    for (const { name } of Object.values(limits))
      assert.notEqual(explain({ kind: 'rate_limited', subject: name }).why, name)
    for (const kind of Object.keys(refusals)) {
      const { answer, why } = explain({ kind, subject: 'something new' })
      assert.ok(answer && answer in faces && why)
    }
  })

  it('stays the same where the event says that more were left out', () => {
    const subject = 'wrong password, and more that are left out'
    assert.match(explain({ kind: 'login_failed', subject }).why ?? '', /^the password is not/)
    for (const kind of ['toString', 'constructor', 'of_a_later_version'])
      assert.equal(explain({ kind, subject: null }).answer, null)
  })
})
