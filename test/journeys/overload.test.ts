import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Client } from 'pg'
import { startPostgres } from '../support/postgres.ts'
import { startProcess } from '../support/processes.ts'
import { rawRequest } from '../support/raw-http.ts'

const password = 'your_password_123'
const anna = 'anna@example.com'
const bert = 'bert@example.com'

async function start(t: TestContext, hashDeadline: string) {
  const server = await startPostgres()
  t.after(() => server.stop())
  const database = await server.createDatabase()
  t.after(() => database.drop())
  const service = await startProcess(database.url, { HASH_DEADLINE: hashDeadline })
  t.after(() => service.stop())
  for (const email of [anna, bert]) {
    assert.equal((await service.call('POST', '/api/v1/auth/register', { json: { email, password } })).status, 200)
  }
  const logIn = (email: string, given = password) =>
    service.call('POST', '/api/v1/auth/login', { json: { email, password: given } })
  return { service, logIn, databaseUrl: database.url }
}

test('logins that could not be served in time are answered 503 with Retry-After, and other calls as ever', async (t) => {
  const { service, logIn } = await start(t, '1s')
  const { access_token } = (await logIn(anna)).body
  const storm = Array.from({ length: 100 * availableParallelism() }, () => logIn(bert, 'wrong password'))
  const me = await service.call('GET', '/api/v1/users/me', { token: access_token })
  assert.equal(me.status, 200)
  const answers = await Promise.all(storm)
  const refused = answers.filter(({ status }) => status === 503)
  assert.ok(refused.length > 0 && refused.length < storm.length, `${refused.length} of ${storm.length} were refused`)
  for (const { status, body, headers } of answers) {
    assert.equal(body.code, status === 503 ? 'overloaded' : 'invalid_credentials')
    assert.match(headers.get('retry-after') ?? '', status === 503 ? /^[1-9]\d?$/ : /^$/)
  }
  assert.equal((await logIn(anna)).status, 200)
})

test('clients that hang up while they wait leave their places to others, and no sessions behind', async (t) => {
  const { service, logIn, databaseUrl } = await start(t, '20s')
  const body = JSON.stringify({ email: bert, password })
  const headers = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
  const request = rawRequest('POST /api/v1/auth/login', headers, body)
  const sockets: Socket[] = []
  const answered = { 200: 0, 503: 0 }
  while (answered[503] === 0 && sockets.length < 10_000) {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    socket.once('data', (data) => answered[String(data).startsWith('HTTP/1.1 200') ? 200 : 503]++)
    socket.write(request)
    sockets.push(socket)
    // A few at a time, so that the first refusal is seen soon.
    if (sockets.length % 20 === 0) await service.call('GET', '/health/live')
  }
  assert.ok(answered[503] > 0)
  for (const socket of sockets) socket.destroy()
  await nextTurn()

  // The connections closed before these come in, so that they are known to be closed when these are answered.
  for (let turn = 0; turn < 5; turn++) await service.call('GET', '/health/live')
  const others = await Promise.all([logIn(anna), logIn(anna), logIn(anna)])
  assert.deepEqual(
    others.map(({ status }) => status),
    [200, 200, 200],
  )
  await using client = await connected(databaseUrl)
  const { rows } = await client.query(
    'SELECT count(*)::int AS count FROM sessions JOIN users ON users.id = user_id WHERE email = $1',
    [bert],
  )
  // Those whose turn came in that very moment may have theirs.
  assert.ok(rows[0].count <= answered[200] + availableParallelism(), `${rows[0].count} sessions`)
})

async function connected(url: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
