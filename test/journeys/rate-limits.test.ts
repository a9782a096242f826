import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { type Answer, kinds, type Person, startService, type TestService } from '../support/service.ts'

const wrong = 'not_the_password_1'
const day = 86_400

for (const kind of kinds) {
  describe(`the limits of a service on ${kind}`, () => {
    let service: TestService
    let addresses = 0
    // The tests are a proxy for many clients.
    before(async () => {
      service = await startService({ kind, env: { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' } })
    })
    after(() => service?.close())

    /** An address that nobody has called from. */
    const newAddress = () => `198.51.${Math.floor(++addresses / 250)}.${(addresses % 250) + 1}`
    const call = (method: string, path: string, from: string, options: Parameters<TestService['call']>[2] = {}) =>
      service.call(method, path, { ...options, headers: { 'x-forwarded-for': from, ...options.headers } })
    const logIn = (from: string, email: string, password: string) =>
      call('POST', '/api/v1/auth/login', from, { json: { email, password } })
    const fail = async (times: number, from: () => string, email: string) => {
      const statuses: number[] = []
      for (let time = 0; time < times; time++) statuses.push((await logIn(from(), email, wrong)).status)
      return statuses
    }
    /** A person who has logged in from that place before. */
    async function personAt(from: string): Promise<Person> {
      const person = await service.person()
      assert.equal((await logIn(from, person.email, person.password)).status, 200)
      return person
    }
    const count = (statuses: readonly number[], status: number) => statuses.filter((one) => one === status).length
    /** What a stranger can tell of an answer. */
    const seen = ({ status, headers, body }: Answer) => {
      const plain = Object.fromEntries(
        [...headers].filter(([name]) => !['date', 'x-request-id', 'ratelimit'].includes(name)),
      )
      return { status, headers: plain, body: { ...body, request_id: '' } }
    }
    let nobodies = 0
    // The arithmetic is the contract of the store, which holds on both; the long journeys go through PostgreSQL alone.
    const itInFull: typeof it = kind === 'postgres' ? it : (((..._: unknown[]) => undefined) as never)
    const nobody = () => `nobody-${++nobodies}@example.com`

    it('tell a caller where they stand, in the fields of the IETF draft', async () => {
      const from = newAddress()
      const first = await logIn(from, nobody(), wrong)
      assert.equal(first.headers.get('ratelimit-policy'), '"login";q=120;w=120')
      assert.equal(first.headers.get('ratelimit'), '"login";r=119;t=1')
      const second = await logIn(from, nobody(), wrong)
      assert.equal(second.headers.get('ratelimit'), '"login";r=118;t=2')
      assert.equal((await call('GET', '/health/live', from)).headers.get('ratelimit'), null)
    })

    itInFull('refuse the login that is one too many from an address, and the others not', async () => {
      const from = newAddress()
      const answers: Answer[] = []
      for (let index = 0; index < 121; index++) answers.push(await logIn(from, nobody(), wrong))
      assert.equal(
        count(
          answers.map(({ status }) => status),
          401,
        ),
        120,
      )
      const last = answers.at(-1)
      assert.ok(last)
      assert.equal(last.status, 429)
      assert.equal(last.body.code, 'too_many_requests')
      assert.equal(last.headers.get('retry-after'), '1')
      assert.equal(last.headers.get('ratelimit'), '"login";r=0;t=1')
      assert.equal((await logIn(newAddress(), nobody(), wrong)).status, 401)
      const person = await service.person()
      assert.equal((await logIn(from, person.email, person.password)).status, 429, 'the right password as well')
      service.clock.advance(1)
      assert.equal((await logIn(from, person.email, person.password)).status, 200)
      assert.equal((await logIn(from, person.email, person.password)).status, 429)
    })

    itInFull('refuse the registration that is one too many from an address, whatever is registered', async () => {
      const from = newAddress()
      const register = (email: string) =>
        call('POST', '/api/v1/auth/register', from, { json: { email, password: 'your_password_123' } })
      for (let index = 0; index < 100; index++) assert.notEqual((await register('taken@example.com')).status, 429)
      const refused = await register('new@example.com')
      assert.equal(refused.status, 429)
      assert.equal(refused.headers.get('retry-after'), '36')
      assert.equal(refused.headers.get('ratelimit-policy'), '"register";q=100;w=3600')
    })

    itInFull('count the addresses of an IPv6 network, and all forms of one address, as one place', async () => {
      const person = await service.person()
      let host = 0
      const inOneNetwork = () => `2001:db8:7:7:${(++host).toString(16)}::1`
      assert.deepEqual(await fail(11, inOneNetwork, person.email), [...Array(10).fill(401), 429])
      assert.equal((await logIn('2001:db8:7:8::1', person.email, wrong)).status, 401)
      const other = await service.person()
      const forms = ['203.0.113.7', '::ffff:203.0.113.7', '::FFFF:cb00:7107', '0:0:0:0:0:ffff:203.0.113.7']
      let form = 0
      const statuses = await fail(11, () => forms[form++ % forms.length] ?? '', other.email)
      assert.deepEqual(statuses, [...Array(10).fill(401), 429])
    })

    it('let one place guess ten times at an account, then once a minute; case and white space are no other account', async () => {
      const { email, password } = await service.person()
      const from = newAddress()
      const forms = [email, email.toUpperCase(), email.replace('person', 'Person')]
      let form = 0
      for (let index = 0; index < 10; index++) {
        assert.equal((await logIn(from, forms[form++ % 3] ?? '', wrong)).status, 401)
      }
      const refused = await logIn(from, email, password)
      assert.equal(refused.status, 429)
      assert.equal(refused.headers.get('retry-after'), '60')
      service.clock.advance(60)
      assert.equal((await logIn(from, email, wrong)).status, 401)
      assert.equal((await logIn(from, email, wrong)).status, 429)
    })

    itInFull('begin anew for a place that knew the password', async () => {
      const { email, password } = await service.person()
      const from = newAddress()
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await fail(9, () => from, email), Array(9).fill(401))
        assert.equal((await logIn(from, email, password)).status, 200)
      }
    })

    itInFull('treat an account that does not exist like one that does: the same bytes, the same headers', async () => {
      const [known, unknown] = [(await service.person()).email, nobody()]
      const [here, there] = [newAddress(), newAddress()]
      for (let index = 0; index < 12; index++) {
        assert.deepEqual(seen(await logIn(here, known, wrong)), seen(await logIn(there, unknown, wrong)))
      }
      const statuses = [await fail(30, newAddress, known), await fail(30, newAddress, unknown)]
      assert.deepEqual(statuses[0], statuses[1])
    })

    it('slow down strangers from wherever they come, and leave a place that the person knows its way', async () => {
      const home = newAddress()
      const { email, password } = await personAt(home)
      const statuses = await fail(60, newAddress, email)
      assert.equal(count(statuses, 401), 20)
      assert.equal(count(statuses, 429), 40)
      const abroad = await logIn(newAddress(), email, password)
      assert.equal(abroad.status, 429)
      assert.equal(abroad.headers.get('retry-after'), '540')
      assert.equal((await logIn(home, email, password)).status, 200)
      service.clock.advance(540)
      assert.equal((await logIn(newAddress(), email, password)).status, 200)
    })

    itInFull('try no password of strangers after fifty failures in a row, until the person has logged in', async () => {
      const home = newAddress()
      const { email, password } = await personAt(home)
      for (let failed = 0; failed < 50; failed++) {
        service.clock.advance(600)
        assert.equal((await logIn(newAddress(), email, wrong)).status, 401)
      }
      service.clock.advance(600)
      const locked = await logIn(newAddress(), email, password)
      service.clock.advance(600)
      assert.deepEqual(seen(locked), seen(await logIn(newAddress(), nobody(), wrong)), 'it looks like a wrong password')
      assert.equal(locked.body.code, 'invalid_credentials')
      assert.equal((await logIn(home, email, password)).status, 200)
      service.clock.advance(600)
      assert.equal((await logIn(newAddress(), email, password)).status, 200)
    })

    itInFull('try no password at all after a hundred failures in a row, until an operator says so', async () => {
      const home = newAddress()
      const { email, password } = await personAt(home)
      for (let failed = 0; failed < 50; failed++) {
        service.clock.advance(600)
        assert.equal((await logIn(newAddress(), email, wrong)).status, 401)
        assert.equal((await logIn(home, email, wrong)).status, 401)
      }
      service.clock.advance(600)
      assert.equal((await logIn(newAddress(), email, password)).status, 401)
      assert.equal((await logIn(home, email, password)).status, 401)
      const [row] = await service.query<{ id: number }>(`SELECT id FROM users WHERE email = '${email}'`)
      assert.ok(row)
      assert.equal(await service.service.accounts.unlock(row.id as never), true)
      assert.equal(await service.service.accounts.unlock(row.id as never), false)
      service.clock.advance(600)
      assert.equal((await logIn(newAddress(), email, password)).status, 200)
    })

    itInFull('know the place where a person has registered, before they have ever logged in', async () => {
      const home = newAddress()
      const json = { email: nobody(), password: 'your_password_123' }
      assert.equal((await call('POST', '/api/v1/auth/register', home, { json })).status, 200)
      await fail(30, newAddress, json.email)
      assert.equal((await logIn(newAddress(), json.email, json.password)).status, 429)
      assert.equal((await logIn(home, json.email, json.password)).status, 200)
    })

    itInFull(
      'know no other place any more once the password was changed: who had the old one is a stranger',
      async () => {
        const [home, thief] = [newAddress(), newAddress()]
        const { email, password } = await personAt(home)
        assert.equal((await logIn(thief, email, password)).status, 200)
        const { access_token: token } = (await logIn(home, email, password)).body
        const json = { current_password: password, new_password: 'your_next_password_456' }
        assert.equal((await call('PUT', '/api/v1/users/me/password', home, { token, json })).status, 204)
        for (let failed = 0; failed < 60; failed++) {
          service.clock.advance(600)
          await logIn(thief, email, password)
        }
        assert.equal((await logIn(home, email, json.new_password)).status, 200)
      },
    )

    itInFull(
      'give an account that an operator unlocks its quota for unknown places back, within two seconds',
      async () => {
        const { email, password } = await service.person()
        await fail(30, newAddress, email)
        assert.equal((await logIn(newAddress(), email, password)).status, 429)
        const [row] = await service.query<{ id: number }>(`SELECT id FROM users WHERE email = '${email}'`)
        await service.query(`UPDATE login_streaks SET known = 0, elsewhere = 0 WHERE user_id = ${row?.id}`)
        assert.equal(await service.service.accounts.unlock(row?.id as never), true, 'for the quota alone')
        assert.equal(await service.service.accounts.unlock(row?.id as never), false)
        service.clock.advance(2)
        const statuses = await fail(19, newAddress, email)
        assert.deepEqual(new Set(statuses), new Set([401]))
        assert.equal((await logIn(newAddress(), email, password)).status, 200)
      },
    )

    itInFull('forget a place where nobody has logged in for 90 days', async () => {
      const home = newAddress()
      const { email, password } = await personAt(home)
      service.clock.advance(90 * day)
      await fail(20, newAddress, email)
      assert.equal((await logIn(home, email, password)).status, 429)
    })

    itInFull('refuse a refresh that is one too many, and the token still works afterwards', async () => {
      const { email, password } = await service.person()
      const from = newAddress()
      let token = (await logIn(from, email, password)).body.refresh_token as string
      const refresh = () => call('POST', '/api/v1/auth/refresh', from, { token })
      let refreshed = 0
      let answer = await refresh()
      assert.equal(answer.headers.get('ratelimit-policy'), '"refresh";q=600;w=60, "refresh-account";q=300;w=60')
      assert.equal(answer.headers.get('ratelimit'), '"refresh";r=599;t=1, "refresh-account";r=299;t=1')
      while (answer.status === 200) {
        token = answer.body.refresh_token
        refreshed++
        answer = await refresh()
      }
      assert.equal(answer.status, 429)
      assert.ok(refreshed >= 300 && refreshed < 310, `${refreshed}`)
      service.clock.advance(Number(answer.headers.get('retry-after')))
      assert.equal((await refresh()).status, 200)
    })

    itInFull('let a person try their present password ten times', async () => {
      const home = newAddress()
      const { email, password } = await personAt(home)
      const { access_token: token } = (await logIn(home, email, password)).body
      const change = (current: string) =>
        call('PUT', '/api/v1/users/me/password', home, {
          token,
          json: { current_password: current, new_password: 'your_next_password_456' },
        })
      for (let index = 0; index < 10; index++) assert.equal((await change(wrong)).status, 401)
      const refused = await change(password)
      assert.equal(refused.status, 429)
      assert.equal(refused.headers.get('retry-after'), '60')
    })

    it('are on record in the audit log, once for each who goes on and on', async () => {
      for (const { email } of [{ email: nobody() }, await service.person()]) {
        const from = newAddress()
        await fail(30, () => from, email)
        const events = await service.query<{ subject: string }>(
          `SELECT subject, user_id::int FROM audit_events JOIN audit_whence ON event_id = id
           WHERE kind = 'rate_limited' AND audit_whence.ip = '${from}'`,
        )
        const [user] = await service.query<{ id: number }>(`SELECT id::int FROM users WHERE email = '${email}'`)
        assert.deepEqual(events, [{ subject: 'login-pair', user_id: user?.id ?? null }])
      }
    })
  })
}

describe('a service without limits', () => {
  let service: TestService
  before(async () => {
    service = await startService({ env: { RATE_LIMIT: 'off' } })
  })
  after(() => service?.close())

  it('limits nobody and locks nobody out, and shows no limit', async () => {
    const { email, password } = await service.person()
    const logIn = (with_: string) => service.call('POST', '/api/v1/auth/login', { json: { email, password: with_ } })
    for (let failed = 0; failed < 130; failed++) assert.equal((await logIn(wrong)).status, 401)
    const answer = await logIn(password)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('ratelimit-policy'), null)
  })

  it('has counted nothing when limits come on', async () => {
    const { email, password } = await service.person()
    const { access_token: token } = (await service.call('POST', '/api/v1/auth/login', { json: { email, password } }))
      .body
    const json = { current_password: wrong, new_password: 'your_next_password_456' }
    for (let failed = 0; failed < 60; failed++) {
      const answers = await Promise.all([
        service.call('POST', '/api/v1/auth/login', { json: { email, password: wrong } }),
        service.call('PUT', '/api/v1/users/me/password', { token, json }),
      ])
      assert.deepEqual(
        answers.map(({ status }) => status),
        [401, 401],
      )
    }
    service.service.adjust({ rateLimit: true, maxSessionsPerUser: 100, logLevel: 'silent' }, null)
    try {
      assert.equal((await service.call('POST', '/api/v1/auth/login', { json: { email, password } })).status, 200)
    } finally {
      service.service.adjust({ rateLimit: false, maxSessionsPerUser: 100, logLevel: 'silent' }, null)
    }
  })
})

describe('a service whose limits cannot be asked', () => {
  let server: TestPostgres
  let database: TestDatabase
  let service: TestService
  before(async () => {
    server = await startPostgres()
    database = await server.createDatabase()
    service = await startService({ env: { DATABASE_URL: database.url, RATE_LIMIT: 'on' } })
  })
  after(async () => {
    await service?.close()
    await database?.drop()
    await server?.stop()
  })

  it('answers 503 and lets nobody through', async () => {
    const person = await service.person()
    const holder = new Client({ connectionString: database.url })
    await holder.connect()
    try {
      await holder.query('BEGIN; LOCK TABLE throttle_buckets')
      const answer = await service.call('POST', '/api/v1/auth/login', { json: person })
      assert.equal(answer.status, 503)
      assert.equal(answer.body.code, 'database_unavailable')
      assert.ok(answer.headers.has('retry-after'))
    } finally {
      await holder.end()
    }
    assert.equal((await service.call('POST', '/api/v1/auth/login', { json: person })).status, 200)
  })
})
