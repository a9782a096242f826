import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { hashSync } from '@node-rs/bcrypt'
import { Client } from 'pg'
import { Secret } from '../../src/kernel/secret.ts'
import { aesGcmVault } from '../../src/keys/infrastructure/vault.aes-gcm.ts'
import { createLog } from '../../src/platform/log.ts'
import { deriveKey } from '../../src/platform/secret-key.ts'
import { type Canaries, createCanaries } from '../support/canaries.ts'
import { type Run, run, said } from '../support/command-line.ts'
import { scrape } from '../support/exposition.ts'
import { startReceiver } from '../support/otlp-receiver.ts'
import { startDurablePostgres, type TestPostgres } from '../support/postgres.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startService } from '../support/service.ts'

// Signs that every way of writing a text down changes, around a mark that none of them does.
const marked = (mark: string) => `é "q\\u" <t>&+/%41 ${mark}`
const mark = {
  password: 'zvXq7RkPw03Tb',
  wrong: 'kD2mWy8Lc5Hj',
  next: 'pN6sFu1Gt9Ve',
  unknown: 'tB4hJx7Ra2Mo',
  misplaced: 'wc9ezi5ky3ld',
  operator: 'fE5oKz9Wd2Ci',
  imported: 'xY1bMt6Hq8Pn',
  // bcrypt reads 72 bytes: this one is hashed before.
  long: `rU8aQg6Sn1Xf${'-long'.repeat(20)}`,
}
const common = 'iloveyou2'
const secretKey = 'mK7vQ2_xT9bW4nR8-cY3hJ6fL1pD5gZ0sA'
const databasePassword = 'gH3yVn8Bq6Ez'
const anna = 'anna.marked@example.com'
const bert = 'bert.marked@example.com'
const nobody = 'nobody.marked@example.com'

interface Sent {
  readonly token?: string
  readonly json?: unknown
  readonly body?: string
  readonly headers?: Record<string, string>
}

interface Shown {
  readonly place: string
  readonly text: string | Uint8Array
}

/** A service that is walked through, and all that it has shown meanwhile. */
interface Stage {
  readonly url: string
  readonly canaries: Canaries
  readonly shown: Shown[]
  query<T = Record<string, unknown>>(statement: string): Promise<T[]>
  call(method: string, path: string, sent?: Sent): Promise<{ status: number; text: string }>
}

const canariesOfAll = (): Canaries => {
  const canaries = createCanaries()
  for (const [name, text] of Object.entries(mark)) {
    canaries.add(`the mark of the ${name} password`, text)
    canaries.add(`the ${name} password`, marked(text))
  }
  canaries.add('the common password', common)
  canaries.add('the password of the database', databasePassword)
  canaries.add('SECRET_KEY', secretKey)
  for (const purpose of ['refresh-token', 'vault', 'audit', 'throttle'])
    canaries.add(`the key for ${purpose}`, derived(purpose).reveal())
  return canaries
}

const derived = (purpose: string) => deriveKey(new Secret(secretKey), purpose)

function stageAt(url: string, query: Stage['query']): Stage {
  const canaries = canariesOfAll()
  const shown: Shown[] = []
  return {
    url,
    canaries,
    shown,
    query,
    async call(
      method,
      path,
      { token, json, body = json === undefined ? undefined : JSON.stringify(json), headers } = {},
    ) {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body !== undefined && { body }),
      })
      const text = await response.text()
      const place = `${method} ${path.slice(0, 40)}: ${response.status}`
      shown.push({ place: `the headers of ${place}`, text: JSON.stringify([...response.headers]) })
      const { access_token, refresh_token, ...rest } = /json/.test(response.headers.get('content-type') ?? '')
        ? JSON.parse(text)
        : { text }
      // The only place of tokens: the body of a login or a refresh.
      for (const [kind, issued] of [...Object.entries({ access_token, refresh_token })]) {
        if (typeof issued !== 'string') continue
        assert.ok(response.status === 200 && /login$|refresh$/.test(path), place)
        const [, payload = '', signature = ''] = issued.split('.')
        canaries.add(`${kind} of ${place}`, issued)
        canaries.add(`the claims in ${kind} of ${place}`, payload)
        canaries.add(`the signature in ${kind} of ${place}`, signature)
        canaries.add(`the bytes of the signature in ${kind} of ${place}`, Buffer.from(signature, 'base64url'))
      }
      shown.push({ place: `the body of ${place}`, text: JSON.stringify(rest) })
      return { status: response.status, text }
    },
  }
}

/** Every call, in every way that it can go, right and wrong. */
async function walk({ call, url }: Stage): Promise<void> {
  const auth = (path: string, json: unknown, sent: Sent = {}) => call('POST', `/api/v1/auth/${path}`, { json, ...sent })
  const expect = async (status: number, answer: Promise<{ status: number; text: string }>) => {
    const { status: got, text } = await answer
    assert.equal(got, status, text)
    return text.startsWith('{') ? JSON.parse(text) : text
  }
  const login = async (email: string, password: string) => expect(200, auth('login', { email, password }))
  const [right, next] = [marked(mark.password), marked(mark.next)]

  await expect(200, auth('register', { email: anna, password: right }))
  await expect(200, auth('register', { email: bert, password: marked(mark.long) }))
  await expect(409, auth('register', { email: anna, password: marked(mark.wrong) }))
  await expect(422, auth('register', { email: nobody, password: common }))
  await expect(401, auth('login', { email: anna, password: marked(mark.wrong) }))
  for (const status of [...Array(10).fill(401), 429])
    await expect(status, auth('login', { email: nobody, password: marked(mark.unknown) }))
  await login(bert, marked(mark.long))

  const misplaced = marked(mark.misplaced)
  for (const json of [
    { email: misplaced, password: right },
    { email: anna, [misplaced]: right },
    { email: anna, password: [right] },
    { email: anna, password: right, more: { of: misplaced } },
    right,
    [misplaced],
  ])
    await expect(422, auth('login', json))
  await expect(401, auth('login', { email: `${mark.misplaced}@example.com`, password: right }))
  await expect(422, auth('register', { email: `${mark.misplaced}@@example.com`, password: right }))
  for (const body of [
    `{"email":"${anna}","password":"${mark.password}"`,
    `{"password":${mark.password}}`,
    `${mark.password}`,
    `{"__proto__":{"password":"${mark.password}"},"password":"${mark.password}"}`,
    `{"email":"${anna}","password":"${mark.password}\\u0000"}`,
    `{"email":"${anna}","password":"${mark.password}\\ud800"}`,
  ])
    await expect(400, auth('login', undefined, { body }))
  const form = `password=${mark.password}`
  await expect(415, auth('login', undefined, { body: form, headers: { 'content-type': 'text/plain' } }))
  await expect(413, auth('login', { email: anna, password: mark.password.repeat(2000) }))

  let pair = await login(anna, right)
  const other = await login(anna, right)
  const me = '/api/v1/users/me'
  await expect(200, call('GET', me, { token: pair.access_token }))
  await expect(401, call('GET', me, { token: pair.refresh_token }))
  await expect(401, auth('refresh', undefined, { token: pair.access_token }))
  for (const token of [pair.access_token, pair.refresh_token, mark.password]) {
    await expect(401, call('GET', `${me}?access_token=${token}&token=${token}`))
    await expect(401, call('GET', me, { headers: { cookie: `access_token=${token}`, 'x-access-token': token } }))
    await expect(401, auth('refresh', undefined, { body: JSON.stringify({ refresh_token: token }) }))
    await expect(401, call('GET', me, { token: `${token}x` }))
    await expect(401, call('GET', me, { headers: { authorization: `Basic ${btoa(`${anna}:${token}`)}` } }))
    await expect(401, call('GET', me, { headers: { authorization: `Bearer ${token} ${token}` } }))
    await expect(404, call('GET', `/nowhere/${token}?of=${token}`))
    await expect(404, call('DELETE', `${me}/sessions/${token.slice(0, 99)}`, { token: pair.access_token }))
    await expect(405, call('PUT', `${me}?of=${token}`, { token }))
    for (const line of [`GET /${token}\0 HTTP/1.1`, `GET ${me}`, token, `GET /%zz${token}`]) {
      const headers = ['Host: localhost', `Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]
      const { answers } = await sendRaw(url, rawRequest(line, headers))
      assert.ok(answers.every(({ status, text }) => status >= 400 && !text.includes(token)))
    }
  }

  const first = pair.refresh_token
  pair = await expect(200, auth('refresh', undefined, { token: pair.refresh_token }))
  await expect(401, auth('refresh', undefined, { token: first }))
  pair = await expect(200, auth('refresh', undefined, { token: pair.refresh_token }))
  await expect(401, auth('refresh', undefined, { token: first }))
  await expect(401, auth('refresh', undefined, { token: pair.refresh_token }))

  pair = await login(anna, right)
  const { sessions } = await expect(200, call('GET', `${me}/sessions`, { token: pair.access_token }))
  assert.equal(sessions.length, 2)
  const gone = sessions.find(({ current }: { current: boolean }) => !current).id
  await expect(204, call('DELETE', `${me}/sessions/${gone}`, { token: pair.access_token }))
  await expect(401, call('GET', me, { token: other.access_token }))
  await login(anna, right)
  await expect(204, call('DELETE', `${me}/sessions`, { token: pair.access_token }))

  const change = (json: unknown) => call('PUT', `${me}/password`, { token: pair.access_token, json })
  await expect(401, change({ current_password: marked(mark.wrong), new_password: next }))
  await expect(422, change({ current_password: right, new_password: common }))
  await expect(422, change({ current_password: right, new_password: 'short' }))
  await expect(422, change({ current: right, new_password: next, [misplaced]: misplaced }))
  await expect(204, change({ current_password: right, new_password: next }))
  await expect(401, auth('login', { email: anna, password: right }))
  pair = await login(anna, next)
  await expect(204, auth('logout', undefined, { token: pair.refresh_token }))
  await expect(401, call('GET', me, { token: pair.access_token }))
  for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/api/openapi.json'])
    await expect(200, call('GET', path))
  for (const path of ['/health/live', '/health/ready', '/api/docs', '/api/problems'])
    await expect(200, call('GET', path))
}

const quoting = (statement: string) => ({
  breaks: [
    `CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement}; RETURN NEW; END $$`,
    'CREATE TRIGGER quote_row BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION quote_row()',
  ],
  mends: ['DROP FUNCTION quote_row CASCADE'],
})
const raising = (code: string) =>
  quoting(`RAISE EXCEPTION 'not this row: %', NEW
    USING ERRCODE = '${code}', DETAIL = NEW::text, HINT = NEW::text, CONSTRAINT = NEW.password_hash`)

/** What can be wrong with the tables so that the database quotes the row, and the status of a registration then. */
const faults: [what: string, fault: { breaks: string[]; mends: string[] }, status: number][] = [
  ['a trigger raises an error', raising('P0001'), 500],
  ['a trigger raises a violation', raising('23514'), 500],
  ['a trigger raises a deadlock', raising('40P01'), 503],
  ['a trigger raises a timeout', raising('57014'), 503],
  ['a trigger takes a text for a number', quoting('NEW.epoch := NEW.password_hash::int'), 500],
  ['a trigger takes a text for a name', quoting("EXECUTE format('SELECT %I', NEW.password_hash)"), 500],
  ['a trigger takes a text for a statement', quoting('EXECUTE NEW.password_hash'), 500],
  [
    'a constraint is broken',
    {
      breaks: ['ALTER TABLE users ADD CONSTRAINT nothing CHECK (false) NOT VALID'],
      mends: ['ALTER TABLE users DROP CONSTRAINT nothing'],
    },
    500,
  ],
  [
    'a column is gone',
    {
      breaks: ['ALTER TABLE users RENAME COLUMN password_hash TO kept'],
      mends: ['ALTER TABLE users RENAME COLUMN kept TO password_hash'],
    },
    500,
  ],
  [
    'a column has another type',
    {
      breaks: [
        'ALTER TABLE users RENAME COLUMN password_hash TO kept',
        'ALTER TABLE users ADD COLUMN password_hash integer',
      ],
      mends: ['ALTER TABLE users DROP COLUMN password_hash', 'ALTER TABLE users RENAME COLUMN kept TO password_hash'],
    },
    500,
  ],
]

/** Registers, logs in and changes a password while the database quotes its rows. */
async function fail({ call, query }: Stage, chosen = faults): Promise<void> {
  const credentials = { email: anna, password: marked(mark.next) }
  const { text } = await call('POST', '/api/v1/auth/login', { json: credentials })
  const token = JSON.parse(text).access_token
  for (const [what, { breaks, mends }, expected] of chosen) {
    // Nobody may be stopped for having called too often.
    await query('DELETE FROM throttle_buckets')
    for (const statement of breaks) await query(statement)
    const json = { email: 'carl.marked@example.com', password: marked(mark.password) }
    const { status, text } = await call('POST', '/api/v1/auth/register', { json })
    assert.equal(status, expected, `${what}: ${text}`)
    await call('POST', '/api/v1/auth/login', { json: credentials })
    const passwords = { current_password: credentials.password, new_password: marked(mark.wrong) }
    assert.ok((await call('PUT', '/api/v1/users/me/password', { token, json: passwords })).status >= 400, what)
    for (const statement of mends) await query(statement)
  }
  const again = await call('POST', '/api/v1/auth/login', { json: credentials })
  assert.equal(again.status, 200, again.text)
}

/** The ways in which an operator sets passwords, right and wrong: none may be told by what the commands print. */
async function bringPasswords(
  { canaries, shown }: Stage,
  directory: string,
  command: (words: string, input?: string) => Promise<{ code: number | null; stderr: string }>,
): Promise<void> {
  const expect = async (code: number, words: string, input?: string) => {
    const ended = await command(words, input)
    assert.equal(ended.code, code, ended.stderr)
  }
  const password = marked(mark.operator)
  await expect(0, 'users create dora.marked@example.com', `${password}\n`)
  await expect(4, 'users create dora.marked@example.com', `${password}\n`)
  await expect(4, 'users create ever.marked@example.com', `${common}\n`)
  await expect(0, 'users set-password 2 --yes', `${marked(mark.next)}\n`)
  await expect(4, 'users set-password 2 --yes', `${common}\n`)

  const [dump, report, copy] = ['dump.ndjson', 'refused.ndjson', 'copy.ndjson'].map((name) => join(directory, name))
  const hash = hashSync(marked(mark.imported), 4)
  const unknown = `{MARKED}${mark.imported}`
  canaries.add('the hash of who was imported', hash)
  const lines = [
    { email: 'fred.marked@example.com', password_hash: hash },
    { email: 'gina.marked@example.com', password_hash: unknown },
    { email: marked(mark.imported), password_hash: hash },
  ]
  await writeFile(String(dump), lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  await expect(0, `users import ${dump} --from ndjson --report ${report}`)
  shown.push({ place: 'the report of an import', text: await readFile(String(report), 'utf8') })
  // The file has the hashes, since that is what it is for; what the command says of it has not.
  await expect(0, `users export ${copy}`)
}

/** Adds what only the service should know, now that it is there: the private halves of its keys, and the hashes. */
async function lookUp({ query, canaries }: Stage): Promise<void> {
  const vault = aesGcmVault(derived('vault'))
  const keys = await query<{ kid: string; sealed: string }>(
    "SELECT kid, encode(sealed_private_key, 'hex') AS sealed FROM signing_keys",
  )
  assert.ok(keys.length > 0)
  for (const { kid, sealed } of keys) {
    const der = vault.open(Buffer.from(sealed, 'hex'), kid)
    assert.ok(der)
    const { d = '' } = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
    canaries.add(`the private key ${kid}`, der)
    canaries.add(`d of the private key ${kid}`, d)
    canaries.add(`the bytes of d of the private key ${kid}`, Buffer.from(d, 'base64url'))
  }
  for (const { id, hash } of await query<{ id: string; hash: string }>('SELECT id, password_hash AS hash FROM users'))
    canaries.add(`the hash of user ${id}`, hash)
}

/** Every column of every table, as its text and as its bytes. */
async function dumped({ query }: Pick<Stage, 'query'>): Promise<Shown[]> {
  const columns = await query<{ table: string; column: string; type: string }>(`
    SELECT table_name AS table, column_name AS column, data_type AS type FROM information_schema.columns
    WHERE table_schema = 'public'`)
  assert.ok(columns.length > 50)
  const dump: Shown[] = []
  for (const { table, column, type } of columns) {
    const value = type === 'bytea' ? `encode("${column}", 'hex')` : `"${column}"::text`
    const rows = await query<{ value: string | null }>(`SELECT ${value} AS value FROM "${table}"`)
    for (const { value } of rows) {
      if (value === null) continue
      const place = `${table}.${column}`
      dump.push({ place, text: value })
      if (type === 'bytea') dump.push({ place, text: Buffer.from(value, 'hex') })
    }
  }
  return dump
}

const hashLike = /\$2[abxy]?\$|\$bcrypt/

/** The places of all that holds a secret, or a hash of a password elsewhere than where hashes are. */
function leaks(canaries: Canaries, shown: readonly Shown[]): string[] {
  const found = shown.flatMap(({ place, text }) => {
    const names = canaries.foundIn(text)
    if (hashLike.test(text.toString())) names.push('a hash')
    const own = place === 'users.password_hash'
    return names.filter((name) => !own || !/^(the hash of|a hash)/.test(name)).map((name) => `${name} in ${place}`)
  })
  return [...new Set(found)]
}

/** The places of addresses of people, who are named in the log and beside the users by their ids alone. */
function named(shown: readonly Shown[]): string[] {
  const people = createCanaries()
  for (const email of [anna, bert, nobody, 'carl.marked@example.com']) people.add(email, email)
  return [...new Set(shown.flatMap(({ place, text }) => people.foundIn(text).map((name) => `${name} in ${place}`)))]
}

const logged = (lines: readonly string[]): Shown[] =>
  lines.map((text) => ({ place: `the log, where it says ${text.slice(0, 300)}`, text }))

async function assertSecret(stage: Stage, lines: readonly string[]): Promise<void> {
  await lookUp(stage)
  const dump = await dumped(stage)
  assert.deepEqual(leaks(stage.canaries, [...stage.shown, ...logged(lines), ...dump]), [])
  assert.deepEqual(named([...logged(lines), ...dump.filter(({ place }) => place !== 'users.email')]), [])
}

describe('no secret is in the log, the answers, the audit log or any table', () => {
  let server: TestPostgres
  let admin: Client
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'latchkey-canary-'))
    server = await startDurablePostgres()
    admin = new Client({ connectionString: server.url })
    await admin.connect()
    await admin.query(`CREATE ROLE marked LOGIN PASSWORD '${databasePassword}'`)
    const { rows } = await admin.query<{ hba_file: string }>('SHOW hba_file')
    const lines = "('host all marked all scram-sha-256'), ('host all all all trust')"
    await admin.query(`COPY (VALUES ${lines}) TO '${rows[0]?.hba_file}'`)
    await admin.query('SELECT pg_reload_conf()')
  })
  after(async () => {
    await admin.end()
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  /** A database for a role with a password, and the way into it behind the service's back. */
  async function ownDatabase() {
    const { url } = await server.createDatabase()
    const name = new URL(url).pathname.slice(1)
    await admin.query(`ALTER DATABASE ${name} OWNER TO marked`)
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query('ALTER SCHEMA public OWNER TO marked')
    const query: Stage['query'] = async (statement) => (await client.query(statement)).rows
    return {
      url: url.replace('postgres@', `marked:${databasePassword}@`),
      query,
      cut: () => query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'marked'`),
      [Symbol.asyncDispose]: () => client.end(),
    }
  }

  const env = (url: string) => ({ DATABASE_URL: url, SECRET_KEY: secretKey, LOG_LEVEL: 'trace', RATE_LIMIT: 'on' })
  /** The service as a process, which does not outlive its test. */
  function start(t: TestContext, given: Record<string, string>): Run {
    const surroundings = { DATA_DIR: directory, PORT: '0', PUBLIC_URL: 'http://localhost:1602', BCRYPT_COST: '10' }
    const started = run({ ...surroundings, HASH_DEADLINE: '60s', ...given })
    t.after(() => started.child.kill('SIGKILL'))
    return started
  }

  test('whatever a caller or an operator does, and however the database fails, in this process', async () => {
    await using database = await ownDatabase()
    const service = await startService({ env: env(database.url) })
    let closed = false
    try {
      const stage = stageAt(service.url, database.query)
      const { call, query } = stage
      await walk(stage)
      await fail(stage)
      const json = { email: anna, password: marked(mark.next) }
      const ready = () => call('GET', '/health/ready')

      const pair = JSON.parse((await call('POST', '/api/v1/auth/login', { json })).text)
      service.clock.advance(360)
      assert.equal((await call('GET', '/api/v1/users/me', { token: pair.access_token })).status, 401)
      assert.equal((await call('POST', '/api/v1/auth/refresh', { token: pair.refresh_token })).status, 401)

      await query('BEGIN')
      await query('LOCK TABLE login_streaks')
      assert.equal((await call('POST', '/api/v1/auth/login', { json })).status, 503)
      await query('ROLLBACK')
      await query(`ALTER ROLE marked PASSWORD 'another'`)
      await database.cut()
      for (const answer of [await ready(), await call('POST', '/api/v1/auth/login', { json })])
        assert.equal(answer.status, 503)
      await query(`ALTER ROLE marked PASSWORD '${databasePassword}'`)
      assert.equal((await ready()).status, 200)

      // A key that is withdrawn leaves its row, and must have left nothing else.
      await lookUp(stage)
      const [{ kid } = {}] = await query<{ kid: string }>('SELECT kid FROM signing_keys')
      const command = async (words: string, input?: string) => {
        const { ended, texts } = run({ DATA_DIR: directory, ...env(database.url) }, words.split(' '), input)
        const code = await ended
        stage.shown.push({ place: words, text: texts.stdout + texts.stderr })
        return { code, ...texts }
      }
      for (const words of ['keys rotate', 'keys list', `keys withdraw ${kid} --yes`, 'keys list', 'keys withdraw x -y'])
        await command(words)
      for (const words of [
        'config',
        'config --json',
        'migrate --status',
        'users list',
        'users show 1',
        'sessions list 1',
      ])
        await command(words)
      for (const verb of ['disable', 'enable', 'unlock']) await command(`users ${verb} 1 --yes`)
      await bringPasswords(stage, directory, command)
      for (const words of ['audit verify', 'audit export', 'audit erase 1 --yes', 'audit verify x'])
        await command(words)

      await assertSecret(stage, service.logLines)
      closed = true
      await service.close()
      assert.ok(service.logLines.length > 100)
      assert.deepEqual(leaks(stage.canaries, logged(service.logLines)), [])
    } finally {
      if (!closed) await service.close()
    }
  })

  test('whatever a caller or an operator does, and however the database fails, in a process of its own', async (t) => {
    await using database = await ownDatabase()
    await using receiver = await startReceiver()
    const watched = { ADMIN_PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '500' }
    const process = start(t, { ...env(database.url), ...watched })
    const { address = '' } = await said(process, 'ready')
    const { port = '' } = await said(process, 'metrics are served')
    const stage = stageAt(address, database.query)
    await walk(stage)
    // Hashes take their time here.
    await fail(stage, [...faults.slice(0, 1), ...faults.slice(-1)])
    await stage.query(`ALTER ROLE marked PASSWORD 'another'`)
    await database.cut()
    assert.equal((await stage.call('GET', '/health/ready')).status, 503)
    await stage.query(`ALTER ROLE marked PASSWORD '${databasePassword}'`)
    const commands = ['keys list', 'audit verify', 'users disable 1 --yes'].map((words) =>
      run({ DATA_DIR: directory, ...env(database.url) }, words.split(' ')),
    )
    for (const { ended, texts } of commands) {
      assert.equal(await ended, 0, texts.stderr)
      stage.shown.push({ place: 'a command', text: texts.stdout + texts.stderr })
    }
    stage.shown.push({ place: 'the metrics', text: (await scrape(port)).text })
    process.child.kill('SIGTERM')
    assert.equal(await process.ended, 0)
    assert.match(process.texts.stderr, /is ready/)
    assert.ok(receiver.spans().length > 50 && receiver.metrics().length > 50)
    const told = [
      ...stage.shown.slice(-1),
      ...receiver.bodies.map((text) => ({ place: 'what OpenTelemetry is sent', text })),
    ]
    stage.shown.push(...told)
    assert.deepEqual(named(told), [])
    const lines = [process.texts.stderr, ...process.texts.stdout.split('\n')]
    assert.ok(lines.length > 50, String(lines.length))
    await assertSecret(stage, lines)
  })

  test('what a start is refused for, or what a process dies of', async (t) => {
    const canaries = canariesOfAll()
    await using database = await ownDatabase()
    const password = mark.wrong
    const bad: [Record<string, string>, RegExp][] = [
      [env(database.url.replace(databasePassword, password)), /password authentication failed/],
      [
        { ...env(`mysql://marked:${password}@127.0.0.1/x`), SECRET_KEY: `short-${password}` },
        /DATABASE_URL must be.*\n.*SECRET_KEY must be at least 32/,
      ],
      [
        {
          ...env(`postgres://marked:${password}@127.0.0.1:99999/x`),
          SECRET_KEY_PREVIOUS: `change-me-${password}-${password}`,
          PUBLIC_URL: `https://${password}:${password}@localhost`,
        },
        /PUBLIC_URL must be.*\n.*DATABASE_URL must be.*\n.*SECRET_KEY_PREVIOUS must be random/,
      ],
      [env(`postgres://marked:${password}@127.0.0.1/x?sslmode=${password}`), /DATABASE_URL must be/],
    ]
    const runs = bad.map(([given, says]) => ({ ...start(t, given), says }))
    for (const { ended, texts, says } of runs) {
      assert.equal(await ended, 1)
      assert.match(texts.stderr, says)
      assert.deepEqual(canaries.foundIn(texts.stdout + texts.stderr), [])
    }

    // An error as the driver makes it, that nobody waits for.
    const carried = `{ severity: 'ERROR', code: 'P0001', detail: '${password}', where: '${password}' }`
    const dies = `process.on('SIGUSR2', () => void Promise.reject(Object.assign(new Error('${password}'), ${carried})))`
    const given = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(dies)}` }
    const dying = start(t, { ...env(database.url), ...given })
    await said(dying, 'ready')
    dying.child.kill('SIGUSR2')
    assert.equal(await dying.ended, 1)
    assert.match(dying.texts.stdout, /"level":"fatal".*"code":"P0001".*nobody caught/)
    assert.deepEqual(canaries.foundIn(dying.texts.stdout + dying.texts.stderr), [])
  })

  test('as this looks for it: one that is planted in the log, a header, a body or a table is found', async () => {
    await using database = await ownDatabase()
    await database.query('CREATE TABLE planted (bytes bytea, text text)')
    const planted = { text: `of ${marked(mark.next)}`, bytes: `${secretKey} and more` }
    await database.query(
      `INSERT INTO planted VALUES (convert_to('${planted.bytes}', 'UTF8'), encode(convert_to('${planted.bytes}', 'UTF8'), 'base64'))`,
    )
    await database.query(Array.from({ length: 50 }, (_, index) => `CREATE TABLE t${index} (id int)`).join(';'))
    const canaries = canariesOfAll()
    assert.deepEqual(leaks(canaries, await dumped(database)), [
      'SECRET_KEY in planted.bytes',
      'SECRET_KEY in planted.text',
    ])
    const lines: string[] = []
    const log = createLog('info', { write: (line) => void lines.push(line) })
    log.info({ ...planted, it: { hash: '$2b$04$xyz' } }, 'planted')
    assert.equal(leaks(canaries, logged(lines)).length, 4)
    assert.equal(named([{ place: 'somewhere', text: encodeURIComponent(anna) }]).length, 1)

    const header = (_: unknown, response: ServerResponse) =>
      response.setHeader('x-planted', encodeURIComponent(planted.text)).end(JSON.stringify(planted))
    const http = createServer(header).listen(0, '127.0.0.1')
    await once(http, 'listening')
    const stage = stageAt(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, database.query)
    await stage.call('GET', '/x')
    http.close()
    const places = leaks(stage.canaries, stage.shown)
    for (const place of ['headers', 'body']) assert.ok(places.some((text) => text.includes(`the ${place} of GET /x`)))
  })
})

test('a secret is found in whatever form it is written', () => {
  const canaries = createCanaries()
  const text = marked(mark.password)
  const key = derived('vault').reveal()
  canaries.add('text', text)
  canaries.add('key', key)
  const around = (bytes: string | Uint8Array) =>
    ['', 'a', 'ab'].map((before) => Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from('after')]))
  const forms = (bytes: string | Uint8Array) => [
    ...around(bytes),
    ...around(bytes).flatMap((all) => [all.toString('base64'), all.toString('base64url'), all.toString('hex')]),
    Buffer.from(bytes).toString('hex').toUpperCase(),
    JSON.stringify(Buffer.from(bytes)),
  ]
  for (const form of [
    ...forms(text),
    JSON.stringify({ text }),
    JSON.stringify(JSON.stringify({ text })),
    encodeURIComponent(text),
    new URLSearchParams({ text }).toString(),
  ])
    assert.deepEqual(canaries.foundIn(form), ['text'], String(form))
  for (const form of [...forms(key), inspect(key)]) assert.deepEqual(canaries.foundIn(form), ['key'], String(form))
  assert.deepEqual(canaries.foundIn(`${text.slice(0, -1)} ${key.subarray(1).toString('hex')}`), [])
})
