import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { Client } from 'pg'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { type Answer, type Person, password, startService, type TestService } from '../support/service.ts'
import { type Arena, assertNoWinner, expect, openArena, outcomeOf, patience, refresh } from './arena.ts'

/** Of the usual password, at a cost that no configuration allows any more. */
const oldHash = '$2b$05$lavTi12z8cB8OdUxhswkjOzlSxGC/fl47/LszL8oo8t.7hZ9f6VVO'

const callers = 50
/** How many of the logins that race with a change of password are on their way at a time. */
const atOnce = 10

describe('racing registrations and logins, over two processes', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena()
  })
  after(() => arena[Symbol.asyncDispose]())

  it(`of ${callers} parallel registrations of one e-mail address, however spelt, one makes an account`, async () => {
    const spellings = ['racer@example.com', 'Racer@example.com', 'RACER@EXAMPLE.COM', 'racer@Example.Com']
    const answers = await Promise.all(
      Array.from({ length: callers }, (_, index) =>
        arena.next().call('POST', '/api/v1/auth/register', { json: { email: spellings[index % 4], password } }),
      ),
    )
    const made = answers.filter(({ status }) => status === 200)
    assert.equal(made.length, 1)
    for (const answer of answers) if (answer.status !== 200) expect(answer, 409, 'email_taken')
    assert.deepEqual(await arena.query(`SELECT id::int, email FROM users WHERE lower(email) = 'racer@example.com'`), [
      made[0]?.body,
    ])
    const events = await arena.query(`SELECT FROM audit_events WHERE kind = 'registered' AND user_id = $1`, [
      made[0]?.body.id,
    ])
    assert.equal(events.length, 1)
  })

  it(`${callers} parallel logins renew an old hash once, all succeed, and the new hash is right`, async () => {
    const { id, ...person } = await arena.person()
    await arena.query('UPDATE users SET password_hash = $1 WHERE id = $2', [oldHash, id])
    await arena.query('CREATE TABLE renewals (hash text NOT NULL)')
    await arena.query(`CREATE FUNCTION note_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO renewals VALUES (NEW.password_hash); RETURN NEW; END $$`)
    await arena.query(`CREATE TRIGGER note_renewal AFTER UPDATE OF password_hash ON users
      FOR EACH ROW EXECUTE FUNCTION note_renewal()`)

    const answers = await Promise.all(
      Array.from({ length: callers }, () => arena.next().call('POST', '/api/v1/auth/login', { json: person })),
    )
    for (const answer of answers) expect(answer, 200)

    const [user] = await arena.query<{ hash: string }>('SELECT password_hash AS hash FROM users WHERE id = $1', [id])
    assert.ok(user)
    assert.match(user.hash, /^\$2b\$10\$/)
    assert.deepEqual(await arena.query('SELECT hash FROM renewals'), [user])
    const sessions = await arena.query('SELECT FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [id])
    assert.equal(sessions.length, callers)
    expect(await arena.next().call('POST', '/api/v1/auth/login', { json: person }), 200)
    assert.equal((await arena.query('SELECT FROM renewals')).length, 1)
  })

  it(`of ${callers} logins with a password that is being changed no session outlives the change`, async () => {
    const { id, ...person } = await arena.person()
    const changing = await arena.session({ email: person.email, id })
    const changed = { ...person, password: `${password}_changed` }
    const first = Promise.withResolvers<void>()

    const answers: Answer[] = []
    let sent = 0
    const lane = async () => {
      while (sent++ < callers) {
        answers.push(await logIn(person))
        first.resolve()
      }
    }
    const newSessions: string[] = []
    const newcomer = async () => {
      while (newSessions.length < 3) {
        const answer = await logIn(changed)
        // Before the change this is a wrong password like any other.
        if (answer.status === 200) newSessions.push(sessionOf(answer))
        else expect(answer, 401, 'invalid_credentials')
      }
    }
    const change = async () => {
      await first.promise
      expect(await changePassword(changing.access, person, changed), 204)
      expect(await logIn(person), 401, 'invalid_credentials')
    }
    await Promise.all([change(), newcomer(), ...Array.from({ length: atOnce }, lane)])

    assert.equal(answers.length, callers)
    const opened = answers.filter(({ status }) => status === 200)
    for (const answer of answers) if (answer.status !== 200) expect(answer, 401, 'invalid_credentials')
    assert.ok(opened.length > 0)
    assert.deepEqual(await liveSessions(id), [changing.session, ...newSessions].toSorted())
    const again = await Promise.all(opened.map(({ body }) => refresh(arena.next(), body.refresh_token)))
    assertNoWinner(again.map(outcomeOf), 'invalid_token')
    expect(await refresh(arena.next(), changing.refresh), 200)
  })

  it('no session and no token outlives the deletion of its account, 10 times', async () => {
    const { accounts } = await arena.operator()
    const operator = { ip: null, userAgent: 'operator', requestId: 'a'.repeat(32) }
    for (let round = 0; round < 10; round++) {
      const { id, ...person } = await arena.person()
      const login = await arena.session({ id, ...person })
      const logIn = () => arena.next().call('POST', '/api/v1/auth/login', { json: person })
      const [refreshed, opened] = await Promise.all([
        refresh(arena.next(), login.refresh),
        logIn(),
        accounts.delete(id as never, operator),
      ])
      for (const answer of [refreshed, opened]) {
        assert.ok([200, 401].includes(answer.status), answer.text)
        const { refresh_token: token } = answer.body
        if (token) expect(await refresh(arena.next(), token), 401, 'invalid_token')
      }
      assert.deepEqual(await arena.query('SELECT FROM sessions WHERE user_id = $1', [id]), [])
      expect(await logIn(), 401, 'invalid_credentials')
      const [last] = await arena.query('SELECT kind FROM audit_events WHERE user_id = $1 ORDER BY id DESC LIMIT 1', [
        id,
      ])
      assert.ok(last)
    }
  })

  it('a login that comes to the account just before a change of its password is ended by it', async () => {
    const { id, ...person } = await arena.person()
    const changing = await arena.session({ email: person.email, id })
    const changed = { ...person, password: `${password}_changed` }
    const [opened, change] = await arena.meet({ userId: id }, [
      () => logIn(person),
      () => changePassword(changing.access, person, changed),
    ])
    assert.ok(opened && change)
    expect(change, 204)
    const { refresh_token } = expect(opened, 200).body
    assertNoWinner([outcomeOf(await refresh(arena.next(), refresh_token))], 'invalid_token')
    assert.deepEqual(await liveSessions(id), [changing.session])
  })

  it('a login that comes to the account just after a change of its password is refused', async () => {
    const { id, ...person } = await arena.person()
    const changing = await arena.session({ email: person.email, id })
    const changed = { ...person, password: `${password}_changed` }
    const [change, refused] = await arena.meet({ userId: id }, [
      () => changePassword(changing.access, person, changed),
      () => logIn(person),
    ])
    assert.ok(change && refused)
    expect(change, 204)
    expect(refused, 401, 'invalid_credentials')
    assert.deepEqual(await liveSessions(id), [changing.session])
  })

  const logIn = (json: Person) => arena.next().call('POST', '/api/v1/auth/login', { json })

  const changePassword = (token: string, from: Person, to: Person) =>
    arena.next().call('PUT', '/api/v1/users/me/password', {
      token,
      json: { current_password: from.password, new_password: to.password },
    })

  const sessionOf = ({ body }: Answer) => String(decodeJwt(body.refresh_token).sid)

  async function liveSessions(userId: number): Promise<string[]> {
    const rows = await arena.query<{ id: string }>(
      'SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND idle_expires_at > now() ORDER BY id::text',
      [userId],
    )
    return rows.map((row) => row.id)
  }
})

describe('a login that began before a change of its password and goes on after it', () => {
  let server: TestPostgres
  let service: TestService
  let url: string
  before(async () => {
    server = await startPostgres()
    url = (await server.createDatabase()).url
    const env = { DATABASE_URL: `${url}?${patience}`, RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }
    service = await startService({ env })
  })
  after(async () => {
    await service?.close()
    await server?.stop()
  })

  it('is refused, ends no failures, and makes no place known', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const [home, thief] = [from('198.51.100.1'), from('198.51.100.2')]
    const json = await service.person()
    const logIn = (headers: Record<string, string>) => service.call('POST', '/api/v1/auth/login', { json, headers })
    const { access_token: token } = expect(await logIn(home), 200).body
    const { sub } = decodeJwt(token)
    // The change has tried the old password, and waits to write the new one.
    await using account = await hold(`SELECT FROM users WHERE id = ${sub} FOR NO KEY UPDATE`)
    const change = { current_password: json.password, new_password: `${json.password}_changed` }
    const changing = service.call('PUT', '/api/v1/users/me/password', { token, json: change, headers: home })
    await untilWaiting(1, changing)
    // The login sees the account as it was, and waits to count its attempt.
    await using failures = await hold(`SELECT FROM login_streaks WHERE user_id = ${sub} FOR UPDATE`)
    const stealing = logIn(thief)
    await untilWaiting(2, stealing)
    await account.letGo()
    expect(await changing, 204)
    await failures.letGo()
    expect(await stealing, 401, 'invalid_credentials')

    const streak = await service.query(`SELECT known, elsewhere FROM login_streaks WHERE user_id = ${sub}`)
    assert.deepEqual(streak, [{ known: 0, elsewhere: 1 }])
    assert.equal((await service.query('SELECT FROM known_places')).length, 1, 'the place of the change alone')
  })

  /** Holds what the statement locks until it is let go. */
  async function hold(statement: string) {
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(`BEGIN; ${statement}`)
    const letGo = async () => void (await client.query('COMMIT'))
    return { letGo, [Symbol.asyncDispose]: () => client.end() }
  }

  /** Until so many of the service's statements wait for a lock, the one of this call included. */
  async function untilWaiting(count: number, call: Promise<Answer>): Promise<void> {
    let isAnswered = false
    const answered = () => {
      isAnswered = true
    }
    call.then(answered, answered)
    const waiting = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`
    while ((await service.query(waiting)).length < count) assert.ok(!isAnswered, 'a call was answered without the row')
  }
})
