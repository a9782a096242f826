import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Client } from 'pg'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { processEnv, type ServiceProcess, startProcess } from '../support/processes.ts'
import { password } from '../support/service.ts'
import { command, hasTerminal, onTerminal } from './run.ts'

describe('the command', () => {
  const opened = new AsyncDisposableStack()
  let server: TestPostgres
  let service: ServiceProcess
  let env: Record<string, string> = {}
  before(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-cli-'))
    opened.defer(() => rm(dataDir, { recursive: true, force: true }))
    server = opened.use(await startPostgres())
    const { url } = await server.createDatabase()
    env = { ...processEnv, DATABASE_URL: url, DATA_DIR: dataDir }
    const status = await command(env, ['migrate', '--status', '--json'])
    assert.equal(status.code, 1)
    assert.ok(JSON.parse(status.stdout).migrations.every(({ state }: { state: string }) => state === 'pending'))
    const early = await command(env, ['users', 'list'])
    assert.equal(early.code, 5)
    assert.match(early.stderr, /^latchkey: The tables are not those of this version: .*Run "latchkey migrate"/)
    assert.match((await command(env, ['migrate'])).stdout, /^Ran: 0001-initial-tables, /)
    assert.equal((await command(env, ['migrate', '--status'])).code, 0)
    service = opened.use(await startProcess(url))
  })
  after(() => opened.disposeAsync())

  const run = (...words: string[]) => command(env, words)
  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await run(...words, '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }
  const login = (email: string, secret = password) =>
    service.call('POST', '/api/v1/auth/login', { json: { email, password: secret } })
  const create = async (email: string): Promise<number> => {
    const { code, stdout, stderr } = await command(env, ['users', 'create', email, '--json'], `${password}\n`)
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout).id
  }

  it('makes an account with a password from standard input, with which its owner logs in', async () => {
    const id = await create('piped@example.com')
    assert.equal((await login('piped@example.com')).status, 200)
    const shown = await json('users', 'show', 'piped@example.com')
    assert.deepEqual([shown.id, shown.has_password, shown.disabled_at], [id, true, null])
  })

  it('refuses a bad password, address and input, with the code that is documented, and makes nothing', async () => {
    const refused: [string, string | Uint8Array, number, RegExp][] = [
      ['new@example.com', 'short', 4, /Refused: password: must have at least 8 characters \(too_short\)\.$/m],
      ['new@example.com', 'iloveyou', 4, /too_common/],
      ['new', password, 4, /Refused: email: This must be an e-mail address/],
      ['new@example.com', '', 2, /No password came in/],
      ['new@example.com', Uint8Array.of(0xff, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61), 2, /not UTF-8/],
      ['new@example.com', 'x'.repeat(5000), 2, /more than 4096 bytes/],
    ]
    await Promise.all(
      refused.map(async ([email, input, code, sentence]) => {
        const ended = await command(env, ['users', 'create', email], input)
        assert.equal(ended.code, code, ended.stderr)
        assert.match(ended.stderr, sentence)
      }),
    )
    assert.equal((await run('users', 'show', 'new@example.com')).code, 4)
    await create('twice@example.com')
    assert.equal((await command(env, ['users', 'create', 'twice@example.com'], password)).code, 4)
  })

  it('sets a password, which ends all sessions and is the one that opens the account', async () => {
    const id = await create('forgotten@example.com')
    const { refresh_token: token } = (await login('forgotten@example.com')).body
    const next = 'another of their passwords'
    const setting = ['users', 'set-password', String(id)]
    const unasked = await command(env, setting, `${next}\n`)
    assert.equal(unasked.code, 2)
    assert.match(unasked.stderr, /forgotten@example\.com.*say --yes/)
    assert.equal((await login('forgotten@example.com')).status, 200)
    assert.equal((await command(env, [...setting, '--yes'], `${next}\n`)).code, 0)
    assert.equal((await service.call('POST', '/api/v1/auth/refresh', { token })).status, 401)
    assert.equal((await login('forgotten@example.com')).status, 401)
    assert.equal((await login('forgotten@example.com', next)).status, 200)
  })

  it('disables a user for whom somebody has said yes, and ends their sessions for good', async () => {
    const id = await create('disabled@example.com')
    const { access_token: token } = (await login('disabled@example.com')).body
    const me = async () => (await service.call('GET', '/api/v1/users/me', { token })).status
    const unasked = await run('users', 'disable', String(id))
    assert.equal(unasked.code, 2)
    assert.match(unasked.stderr, /all their sessions are ended.*say --yes/)
    assert.equal(await me(), 200)
    assert.deepEqual(await json('users', 'disable', String(id), '--yes'), { id, changed: true })
    // Nothing is lost by it, so nothing is asked.
    assert.deepEqual(await json('users', 'enable', String(id)), { id, changed: true })
    assert.equal(await me(), 401)
  })

  it('lists the sessions of a user, ends one and then all: their tokens are refused at once', async () => {
    const id = await create('sessions@example.com')
    const [one, two] = [(await login('sessions@example.com')).body, (await login('sessions@example.com')).body]
    const { sessions } = await json('sessions', 'list', String(id))
    assert.equal(sessions.length, 2)
    const me = async ({ access_token: token }: { access_token: string }) =>
      (await service.call('GET', '/api/v1/users/me', { token })).status
    const { revoked } = await json('sessions', 'revoke', sessions[0].id, '--yes')
    assert.deepEqual(revoked, [sessions[0].id])
    assert.deepEqual([await me(one), await me(two)].toSorted(), [200, 401])
    assert.equal((await json('sessions', 'revoke', '--user', String(id), '--yes')).revoked.length, 1)
    assert.deepEqual([await me(one), await me(two)], [401, 401])
    assert.equal((await run('sessions', 'revoke', sessions[0].id, '--yes')).code, 4)
    for (const words of [[], [sessions[0].id, '--user', String(id)]])
      assert.equal((await run('sessions', 'revoke', ...words, '--yes')).code, 2)
  })

  it('deletes a user for good: tokens die, the address is free, and what happened stays and can be erased', async () => {
    const id = await create('deleted@example.com')
    const { access_token: token } = (await login('deleted@example.com')).body
    const unasked = await run('users', 'delete', String(id))
    assert.equal(unasked.code, 2)
    assert.match(unasked.stderr, /deleted@example\.com.*say --yes/)
    assert.equal((await run('users', 'delete', String(id), '--yes')).code, 0)
    assert.equal((await service.call('GET', '/api/v1/users/me', { token })).status, 401)
    assert.equal((await login('deleted@example.com')).status, 401)
    assert.ok((await create('deleted@example.com')) > id)
    const events = async () =>
      (await run('audit', 'export', '--user', String(id))).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    const kinds = (await events()).map(({ kind }) => kind)
    assert.deepEqual(kinds, ['user_created', 'logged_in', 'session_revoked', 'user_deleted', 'token_refused'])
    assert.ok((await json('audit', 'erase', String(id), '--yes')).erased >= 1)
    for (const { kind, ip, user_agent: device } of await events()) {
      assert.equal(ip, null)
      assert.equal(/ operator /.test(device ?? ''), /^(user_|session_revoked|audit_erased)/.test(kind), kind)
    }
    assert.equal((await run('users', 'delete', String(id), '--yes')).code, 4)
  })

  it('pages through users, and filters them', async () => {
    await create('page-a@paged.example')
    await Promise.all(['b', 'c'].map((name) => create(`page-${name}@paged.example`)))
    const first = await json('users', 'list', '--email', '@PAGED.example', '--limit', '2')
    assert.equal(first.users.length, 2)
    const second = await json('users', 'list', '--email', '@paged.example', '--after', String(first.next))
    assert.deepEqual([second.users.length, second.next], [1, null])
    const [{ id }] = first.users
    await run('users', 'disable', String(id), '--yes')
    assert.deepEqual(
      (await json('users', 'list', '--disabled', '--email', 'paged')).users.map((user: { id: number }) => user.id),
      [id],
    )
    const { stdout } = await run('users', 'list', '--email', 'paged')
    assert.match(stdout, /^ID +E-MAIL +REGISTERED +STATE\n/)
    assert.match(stdout, /^\d+ +page-a@paged\.example +\S+ \S+Z +disabled since /m)
    assert.ok(!stdout.includes('\x1b'), 'no colours in a pipe')
  })

  it('prints the newest events of the audit log, and verifies it', async () => {
    const id = await create('tailed@example.com')
    const { stdout } = await run('audit', 'tail', '--user', String(id))
    assert.match(stdout, /^AT +KIND +USER .*\n\S+ \S+Z +user_created +/)
    assert.match(stdout, / operator .*@/)
    const { intact, text } = await json('audit', 'verify')
    assert.ok(intact, text)
    assert.equal((await run('audit', 'verify', 'latchkey-audit-1.nonsense')).code, 1)
  })

  it('knows its configuration and its calls without a database, and leaves no key behind', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'latchkey-cli-'))
    opened.defer(() => rm(empty, { recursive: true, force: true }))
    const given = {
      DATA_DIR: empty,
      DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x?sslmode=disable&password=hunter3',
    }
    const config = await command(given, ['config'])
    assert.equal(config.code, 0)
    assert.match(config.stdout, /^DATABASE_URL +environment +postgres:\/\/u:\[secret\]@127\.0\.0\.1:9\/x/m)
    assert.match(config.stdout, /^ACCESS_TOKEN_TTL +default +1m$/m)
    const openapi = await command(given, ['openapi'])
    assert.equal(openapi.code, 0, openapi.stderr)
    assert.deepEqual(
      Object.keys(JSON.parse(openapi.stdout).paths),
      Object.keys((await service.call('GET', '/api/openapi.json')).body.paths),
    )
    for (const { stdout, stderr } of [config, openapi]) assert.ok(!/hunter/.test(stdout + stderr))
    assert.deepEqual(await readdir(empty), [])
    assert.equal((await command(given, ['users', 'list'])).code, 5)
    const wrong = await command({ ...given, PORT: 'x' }, ['config', '--json'])
    assert.equal(wrong.code, 3)
    assert.match(JSON.parse(wrong.stderr).error.message, /^PORT must be /)
  })

  it('says what is wrong with a command line in one line, and ends with 2', async () => {
    const lines = ['nonsense', 'users', 'users lst', 'users show', 'users show 1 2', 'users disable x', 'keys list --x']
    const more = ['users list --limit 0', 'audit tail --since yesterday', 'toString x', '--json']
    await Promise.all(
      [...lines, ...more].map(async (line) => {
        const { code, stdout, stderr } = await run(...line.split(' '))
        assert.equal(code, 2, line)
        assert.equal(stdout, '', line)
        assert.equal(stderr.trim().split('\n').length, 1, stderr)
      }),
    )
    assert.match((await run('users', 'lst')).stderr, /Did you mean list\?/)
    const { code, stdout } = await run('users', 'help', 'list')
    assert.equal(code, 0)
    assert.match(stdout, /^Usage: latchkey users list/)
    assert.match((await run('--version')).stdout, /^\d+\.\d+\.\d+\n$/)
  })

  describe('users import', () => {
    const fileOf = async (name: string, lines: readonly object[]) => {
      const file = join(env.DATA_DIR as string, name)
      await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      return file
    }
    const hash = `$pbkdf2-sha256$i=1000$c2FsdA$${'A'.repeat(43)}`
    const report = () => join(env.DATA_DIR as string, 'report.ndjson')

    it('ends with 7 where every line was refused, and with 0 where some were', async () => {
      const none = await fileOf('none.ndjson', [{ email: 'nobody' }, { email: 'x@example.com', password_hash: '?' }])
      const { code, stdout } = await run('users', 'import', none, '--from', 'ndjson', '--report', report())
      assert.equal(code, 7)
      assert.deepEqual(JSON.parse(stdout).refused, { invalid_email: 1, malformed_hash: 1 })
      assert.equal((await readFile(report(), 'utf8')).split('\n').length, 3)
      const some = await fileOf('some.ndjson', [
        { email: 'nobody' },
        { email: 'some@example.com', password_hash: hash },
      ])
      for (const time of ['first', 'second'])
        assert.equal((await run('users', 'import', some, '--from', 'ndjson')).code, 0, time)
    })

    it('takes a whole installation in without the options of single users, which it would not heed', async () => {
      const file = await fileOf('move.ndjson', [])
      for (const option of ['--dry-run', '--keep-ids', '--report r.ndjson', '--format csv', '--firebase-rounds 8']) {
        const { code, stderr } = await run('users', 'import', file, '--everything', ...option.split(' '))
        assert.equal(code, 2, option)
        assert.match(stderr, new RegExp(`'--everything' cannot be used with option '${option.split(' ')[0]}\\b`))
      }
    })

    it('takes of our own export the whole or nothing', async () => {
      const file = join(env.DATA_DIR as string, 'export.ndjson')
      assert.equal((await run('users', 'export', file)).code, 0)
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
      const broken: [lines: string[], why: RegExp][] = [
        [lines.slice(0, -1), /its last line is missing\./],
        [[...lines.slice(0, 1), ...lines.slice(2)], /its last line counts other users/],
        [lines.slice(1), /its first line is no header\./],
        [[...lines.slice(0, 1), '{"type":"session"}', ...lines.slice(1)], /line 2 is no user\./],
        [[...lines.slice(0, 1), '{"type":"user"', ...lines.slice(1)], /line 2 is no user\./],
        [[...lines, lines[1] ?? ''], /comes behind the end\./],
        [[(lines[0] ?? '').replace('"users"', '"everything"'), ...lines.slice(1)], /which --everything imports\./],
        [[], /its last line is missing\./],
      ]
      for (const [given, why] of broken) {
        await writeFile(file, given.join('\n'))
        const { code, stderr } = await run('users', 'import', file, '--from', 'latchkey')
        assert.equal(code, 1, stderr)
        assert.match(stderr, why)
      }
      await writeFile(file, lines.join('\n'))
      assert.equal((await json('users', 'import', file, '--from', 'latchkey')).alreadyThere, lines.length - 2)
    })

    it('reads the signer key of Firebase from a file', async () => {
      const users = await fileOf('users.json', [])
      const import_ = (key: string) =>
        run('users', 'import', users, '--from', 'firebase', '--firebase-signer-key-file', key)
      const missing = await import_(join(env.DATA_DIR as string, 'missing'))
      assert.deepEqual([missing.code, /missing can not be read \(ENOENT\)/.test(missing.stderr)], [2, true])
      assert.equal((await import_(users)).code, 2, 'an empty one')
      const told = await run('users', 'import', users, '--from', 'firebase', '--firebase-signer-key', 'x')
      assert.equal(told.code, 2)
    })

    it('says that its report can not be written', { skip: !existsSync('/dev/full') && 'no full disk' }, async () => {
      const file = await fileOf('bad.ndjson', [{ email: 'nobody' }])
      const { code, stderr } = await run('users', 'import', file, '--from', 'ndjson', '--report', '/dev/full')
      assert.equal(code, 1)
      assert.match(stderr, /^latchkey: \/dev\/full can not be written: ENOSPC\.\n$/)
    })
  })

  it('makes no database by looking for one: of none all is still to run, and the others say what would make it', async () => {
    const folder = join(env.DATA_DIR as string, 'nothing', 'here')
    const bare = { ...env, DATABASE_URL: '', DATA_DIR: folder, SECRET_KEY: '' }
    const status = await command(bare, ['migrate', '--status', '--json'])
    assert.equal(status.code, 1)
    const { migrations } = JSON.parse(status.stdout)
    assert.ok(migrations.length > 0 && migrations.every(({ state }: { state: string }) => state === 'pending'))
    const { code, stderr } = await command(bare, ['users', 'list'])
    assert.equal(code, 5)
    assert.match(
      stderr,
      /^latchkey: There is no database in .*here, and DATABASE_URL is not set\. Run "latchkey migrate"/,
    )
    assert.equal(existsSync(join(env.DATA_DIR as string, 'nothing')), false)
  })

  it('says that its answer can not be written', { skip: !existsSync('/dev/full') && 'no full disk' }, async () => {
    const { code, stderr } = await command(env, ['config'], '', '/dev/full')
    assert.equal(code, 1)
    assert.equal(stderr, 'latchkey: Standard output can not be written: ENOSPC.\n')
  })

  describe('on a terminal', { skip: !hasTerminal() && '`script` of util-linux is not installed' }, () => {
    it('asks for a password twice and never shows it, and refuses two that differ', async () => {
      const secret = 'typed and never shown'
      const words = ['users', 'create', 'typed@example.com']
      const differ = await onTerminal(env, words, [
        [/New password: /, `${secret}\r`],
        [/The same again: /, 'something else\r'],
      ])
      assert.equal(differ.code, 2, differ.shown)
      const { code, shown } = await onTerminal(env, words, [
        [/New password: /, `${secret}\r`],
        [/The same again: /, `${secret}\r`],
      ])
      assert.equal(code, 0, shown)
      assert.match(shown, /User \d+ is created/)
      assert.ok(!`${differ.shown}${shown}`.includes(secret), shown)
      assert.equal((await login('typed@example.com', secret)).status, 200)
    })

    it('takes no password where the question would not be seen, and the answer would', async () => {
      const words = ['users', 'create', 'unseen@example.com']
      const typed = await onTerminal(env, words, [[/^/, 'typed and shown\r']], '2>/dev/null')
      assert.equal(typed.code, 2, typed.shown)
    })

    it('asks before what can not be undone: anything but yes does nothing, and so does Ctrl-C', async () => {
      const id = String(await create('asked@example.com'))
      for (const [typed, code] of [
        ['n\r', 2],
        ['\r', 2],
        ['\x03', 130],
        ['y\r', 0],
      ] as const) {
        const { shown, ...ended } = await onTerminal(env, ['users', 'delete', id], [[/Go on\? \[y\/N\] /, typed]])
        assert.equal(ended.code, code, shown)
        assert.match(shown, /asked@example\.com/)
      }
      assert.equal((await run('users', 'show', id)).code, 4)
    })

    it('asks before it asks for a password that takes the place of another', async () => {
      const [id, next] = [String(await create('replaced@example.com')), 'another of their passwords']
      const words = ['users', 'set-password', id]
      const refused = await onTerminal(env, words, [[/replaced@example\.com.*Go on\? \[y\/N\] /, 'n\r']])
      assert.equal(refused.code, 2, refused.shown)
      assert.doesNotMatch(refused.shown, /New password/)
      const { code, shown } = await onTerminal(env, words, [
        [/Go on\? \[y\/N\] /, 'y\r'],
        [/New password: /, `${next}\r`],
        [/The same again: /, `${next}\r`],
      ])
      assert.equal(code, 0, shown)
      assert.equal((await login('replaced@example.com', next)).status, 200)
    })

    it('shows how far the move of an installation is, and how long the rest takes', async () => {
      const file = join(env.DATA_DIR as string, 'progress.ndjson')
      const [from, to] = [await server.createDatabase(), await server.createDatabase()]
      for (const { url } of [from, to])
        assert.equal((await command({ ...env, DATABASE_URL: url }, ['migrate'])).code, 0)
      const client = new Client({ connectionString: from.url })
      await client.connect()
      await client.query(`
        INSERT INTO users (email, created_at) SELECT 'p' || n || '@example.com', now() FROM generate_series(1, 20000) n`)
      await client.end()
      const line = /\[[#.]{20}\] {2}\d+ % {2}\d[\d ]+ of \d[\d ]+ {2}\d[\d ]*\/s {2}.+ left/
      for (const [url, ...words] of [
        [from.url, 'users', 'export', file, '--everything'],
        [to.url, 'users', 'import', file, '--everything'],
      ] as const) {
        const { code, shown } = await onTerminal({ ...env, DATABASE_URL: url }, words)
        assert.equal(code, 0, shown)
        assert.match(shown, line)
      }
    })

    it('shows colours, unless NO_COLOR or --no-color says otherwise', async () => {
      assert.ok((await onTerminal(env, ['users', 'list'])).shown.includes('\x1b[1mID'))
      for (const [more, words] of [
        [{ NO_COLOR: '1' }, []],
        [{}, ['--no-color']],
      ] as const) {
        const { shown } = await onTerminal({ ...env, ...more }, ['users', 'list', ...words])
        assert.match(shown, /^ID /)
      }
    })
  })
})
