import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { compose } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/platform/log.ts'
import { vectors } from '../accounts/hash-vectors.ts'
import { run } from '../support/command-line.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { issuer, startService } from '../support/service.ts'

const secretKey = 'Zk3vTq8LwX2mPd7RbN5sYh9cJf4gKa6uQe1oWi0zVx'
const log = createLog('silent')

let folder = ''
let server: TestPostgres
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-transfer-'))
  server = await startPostgres()
})
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('people of other systems', () => {
  test('log in with their passwords, and their hashes become ours', async () => {
    await using service = disposable(await startService())
    const people = vectors.map(([source, password, hash], index) => ({
      source,
      password,
      hash,
      email: `p${index}@example.com`,
    }))
    const file = join(folder, 'people.ndjson')
    await writeFile(file, people.map(({ email, hash }) => JSON.stringify({ email, password_hash: hash })).join('\n'))
    const counts = await service.service.transfer.importFile(
      { file, from: 'ndjson', keepIds: false, dryRun: false },
      {},
    )
    assert.deepEqual([counts.imported, counts.refused], [people.length, {}])

    const logIn = (email: string, password: string) =>
      service.call('POST', '/api/v1/auth/login', { json: { email, password } })
    for (const { source, email, password } of people) {
      assert.equal((await logIn(email, `${password}x`)).status, 401, source)
      assert.equal((await logIn(email, password)).status, 200, source)
      const [row] = await service.query<{ password_hash: string }>(
        `SELECT password_hash FROM users WHERE email = '${email}'`,
      )
      assert.match(row?.password_hash ?? '', /^\$2b\$04\$/, source)
      assert.equal((await logIn(email, password)).status, 200, source)
    }
    const events = await service.query(`SELECT FROM audit_events WHERE kind = 'users_imported'`)
    assert.equal(events.length, 1)
  })
})

async function countUsers(url: string): Promise<number> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query('SELECT count(*)::int AS users FROM users')
  await client.end()
  return rows[0].users
}

describe('an import that is killed', () => {
  test('is completed by a second run, to what one run would have made', async () => {
    const lines = Array.from({ length: 12_000 }, (_, index) => {
      const hash = `$pbkdf2-sha256$i=${index + 1000}$c2FsdA$${'A'.repeat(43)}`
      // Every seventh comes again under another hash, and every eleventh has none that is known.
      const email = `p${index % 7 === 6 ? index - 6 : index}@example.com`
      return JSON.stringify({ email, password_hash: index % 11 === 10 ? 'unknown' : hash, created_at: 1714558830123 })
    })
    const file = join(folder, 'killed.ndjson')
    await writeFile(file, lines.join('\n'))

    async function outcome(kills: boolean) {
      await using database = await server.createDatabase()
      const env = { DATABASE_URL: database.url, SECRET_KEY: secretKey, DATA_DIR: folder }
      const words = ['users', 'import', file, '--from', 'ndjson', '--report', join(folder, 'report.ndjson')]
      assert.equal(await run(env, ['migrate']).ended, 0)
      if (kills) {
        const killed = run(env, words)
        while ((await countUsers(database.url)) === 0) await sleep(5)
        killed.child.kill('SIGKILL')
        await killed.ended
      }
      const whole = run(env, words)
      assert.equal(await whole.ended, 0, whole.texts.stderr)
      const service = await compose(parseConfig({ ...env, PUBLIC_URL: issuer }), { log, keeps: false })
      const users = await service.database
        .selectFrom('users')
        .select(['email', 'password_hash', 'created_at'])
        .orderBy('id')
        .execute()
      await service.close()
      return {
        users,
        report: await readFile(join(folder, 'report.ndjson'), 'utf8'),
        counts: JSON.parse(whole.texts.stdout),
      }
    }
    const [one, two] = [await outcome(false), await outcome(true)]
    assert.deepEqual(two.users, one.users)
    assert.equal(two.report, one.report)
    assert.equal(one.counts.alreadyThere, 0)
    assert.ok(two.counts.alreadyThere > 0 && two.counts.imported > 0, JSON.stringify(two.counts))
    assert.equal(two.counts.alreadyThere + two.counts.imported, one.counts.imported)
    assert.doesNotMatch(one.report, /example|pbkdf2|unknown"/)
  })
})

describe('a whole installation', () => {
  test('moves from the embedded database to PostgreSQL: tokens go on, what was revoked stays so, ids go on', async () => {
    const file = join(folder, 'everything.ndjson')
    const source = await startService({ kind: 'embedded', env: { SECRET_KEY: secretKey } })
    const [alive, revoked, gone] = [await source.loggedIn(), await source.loggedIn(), await source.person()]
    assert.equal((await source.call('POST', '/api/v1/auth/logout', { token: revoked.refresh })).status, 204)
    const [last] = await source.query<{ id: number }>(`DELETE FROM users WHERE email = '${gone.email}' RETURNING id`)
    await source.service.auditLog.seal()
    const keys = (await source.call('GET', '/.well-known/jwks.json')).body
    const written: (number | null)[][] = []
    const onRows = (...told: (number | null)[]) => void written.push(told)
    const counts = await source.service.transfer.exportFile(file, 'everything', { onRows })
    const total = Object.values(counts).reduce((one, other) => one + other)
    assert.equal(written.at(-1)?.[0], total)
    assert.ok(
      written.every(([, expected]) => expected),
      'about how many there are is known',
    )
    assert.deepEqual([counts.users, counts.sessions, counts.signing_keys], [2, 2, 1])
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await assert.rejects(source.service.transfer.exportFile(file, 'everything'), { code: 'EEXIST' })
    await source.close()

    await using database = await server.createDatabase()
    const env = { DATABASE_URL: database.url, SECRET_KEY: secretKey, DATA_DIR: folder, PUBLIC_URL: issuer }
    const read: [number, number][] = []
    const onProgress = (...told: [number, number]) => void read.push(told)
    const takeIn = async (path: string, key = secretKey) => {
      const command = await compose(parseConfig({ ...env, SECRET_KEY: key }), {
        log,
        clock: source.clock,
        keeps: false,
      })
      return command.transfer.importAll(path, { onProgress }).finally(() => command.close())
    }
    const cut = join(folder, 'cut.ndjson')
    await writeFile(cut, (await readFile(file, 'utf8')).split('\n').slice(0, -2).join('\n'))
    await assert.rejects(takeIn(cut), /not whole/)
    await assert.rejects(takeIn(file, 'u8Fq2ZsLr5XwTn9KdCy3VbHm7JgPe4RaQo6Wi1kYtM'), /SECRET_KEY/)
    // Of two at once one comes first, and the other finds what it has brought.
    const both = await Promise.allSettled([takeIn(file), takeIn(file)])
    assert.deepEqual(
      both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      [counts],
    )
    assert.match(String(both.find((one) => one.status === 'rejected')?.reason), /not empty/)
    assert.deepEqual(read.at(-1), [total, 1], 'all of the file is read')
    await assert.rejects(takeIn(file), /not empty/)

    await using target = disposable(await startService({ env, clock: source.clock }))
    const me = (token: string) => target.call('GET', '/api/v1/users/me', { token })
    const refresh = (token: string) => target.call('POST', '/api/v1/auth/refresh', { token })
    assert.deepEqual((await target.call('GET', '/.well-known/jwks.json')).body, keys)
    assert.equal((await me(alive.access)).body.email, alive.email)
    assert.equal((await me(revoked.access)).status, 401)
    assert.equal((await refresh(revoked.refresh)).status, 401)
    const refreshed = await refresh(alive.refresh)
    assert.equal(refreshed.status, 200)
    assert.equal((await me(refreshed.body.access_token)).status, 200)
    // The id of who is gone is not given again.
    const next = await target.call('POST', '/api/v1/auth/register', {
      json: { email: 'next@example.com', password: alive.password },
    })
    assert.ok(next.body.id > (last?.id ?? Number.NaN), `${next.body.id} after ${last?.id}`)
    assert.equal(
      (await target.call('POST', '/api/v1/auth/login', { json: { email: alive.email, password: alive.password } }))
        .status,
      200,
    )
    const { intact, text } = await target.service.auditLog.verify()
    assert.ok(intact, text)
    const kinds = await target.query<{ kind: string }>('SELECT kind FROM audit_events ORDER BY id')
    assert.ok(kinds.some(({ kind }) => kind === 'users_imported') && kinds.some(({ kind }) => kind === 'registered'))
  })
})

const disposable = <T extends { close(): Promise<void> }>(one: T): T & AsyncDisposable =>
  Object.assign(one, { [Symbol.asyncDispose]: () => one.close() })
