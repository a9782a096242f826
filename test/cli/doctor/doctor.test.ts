import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { startPostgres } from '../../support/postgres.ts'
import { processEnv, startProcess } from '../../support/processes.ts'
import { command } from '../run.ts'

describe('the doctor', () => {
  const opened = new AsyncDisposableStack()
  let url = ''
  let dataDir = ''
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-doctor-'))
    opened.defer(() => rm(dataDir, { recursive: true, force: true }))
    const server = opened.use(await startPostgres())
    url = (await server.createDatabase()).url
  })
  after(() => opened.disposeAsync())

  const examined = async (env: Record<string, string>) => {
    const { code, stdout, stderr } = await command({ ...processEnv, DATA_DIR: dataDir, ...env }, ['doctor', '--json'])
    assert.ok(stdout, stderr)
    const { worst, findings } = JSON.parse(stdout) as { worst: string; findings: Finding[] }
    return { code, worst, of: (check: string) => findings.filter((finding) => finding.check === check), findings }
  }
  /** The server for tests is a fast one, and so an unsound one. */
  const isTests = ({ check }: Finding) =>
    ['database.durability', 'database.autovacuum', 'database.role'].includes(check)

  /** A proxy that forwards to what `to` says, with the headers as they came. */
  async function proxy(): Promise<{ url: string; to: (target: string) => void }> {
    let target = ''
    const server = createServer((incoming, outgoing) => {
      const { method, headers, url } = incoming
      const forwarded = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      })
      forwarded.on('error', () => outgoing.destroy())
      incoming.pipe(forwarded)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.defer(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    return {
      url: `http://localhost:${port}`,
      to(given) {
        target = given
      },
    }
  }

  it('on a database that is new says what is still to be done, and changes nothing', async () => {
    const { worst, of } = await examined({ DATABASE_URL: url, PUBLIC_URL: 'http://127.0.0.1:9' })
    assert.equal(worst, 'error')
    assert.deepEqual(of('database.migrations')[0]?.mend, 'latchkey migrate')
    assert.match(of('public-url')[0]?.what ?? '', /Nobody answers at http:\/\/127\.0\.0\.1:9 \(/)
    assert.match(of('hashing')[0]?.what ?? '', /A hash of cost 10 takes \d+ ms here/)
    assert.deepEqual(await readdir(dataDir), [])
    assert.equal((await command({ ...processEnv, DATABASE_URL: url }, ['migrate', '--status'])).code, 1)
  })

  it('asks the service through PUBLIC_URL, and finds nothing wrong where nothing is', async () => {
    const door = await proxy()
    await using service = await startProcess(url, { PUBLIC_URL: door.url, RATE_LIMIT: 'on' })
    door.to(service.url)
    const { findings, of } = await examined({ DATABASE_URL: url, PUBLIC_URL: door.url, RATE_LIMIT: 'on' })
    const wrong = findings.filter((one) => ['warning', 'error'].includes(one.severity) && !isTests(one))
    assert.deepEqual(
      wrong.filter(({ check }) => check !== 'rights' && check !== 'hashing' && check !== 'open-files'),
      [],
    )
    assert.match(of('proxies')[0]?.what ?? '', /^This machine is seen as 127\.0\.0\.1\.$/)
    assert.equal(of('public-url.keys')[0]?.severity, 'ok')
    assert.equal(of('keys')[0]?.severity, 'ok')
  })

  it('finds a proxy that hands on addresses which callers made up', async () => {
    const door = await proxy()
    await using service = await startProcess(url, { PUBLIC_URL: door.url, TRUSTED_PROXIES: '127.0.0.1' })
    door.to(service.url)
    const { code, of } = await examined({ DATABASE_URL: url, PUBLIC_URL: door.url, TRUSTED_PROXIES: '127.0.0.1' })
    assert.equal(code, 1)
    assert.equal(of('proxies')[0]?.severity, 'error')
  })

  it('finds another secret key, a database that does not answer, and repeats no secret', async () => {
    const other = { SECRET_KEY: 'u8Fq2ZsLr5XwTn9KdCy3VbHm7JgPe4RaQo6Wi1kYtM' }
    const wrongKey = await examined({ DATABASE_URL: url, ...other })
    assert.match(wrongKey.of('keys')[0]?.what ?? '', /^SECRET_KEY is not the one /)
    const dead = await examined({ DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:9/x' })
    assert.match(dead.of('database')[0]?.what ?? '', /127\.0\.0\.1:9 does not answer/)
    assert.ok(!JSON.stringify(dead.findings).includes('hunter2'))
    assert.ok(!JSON.stringify(wrongKey.findings).includes(other.SECRET_KEY))
    const none = await examined({ DATABASE_URL: url, SECRET_KEY: '' })
    assert.equal(none.of('keys')[0]?.what, 'There is no secret key.')
    assert.deepEqual(await readdir(dataDir), [])
  })

  it('makes no embedded database by looking for one', async () => {
    const { of } = await examined({ DATABASE_URL: '' })
    assert.match(of('database')[0]?.what ?? '', /^There is none in .* yet: the first start makes it\.$/)
    assert.deepEqual(await readdir(dataDir), [])
  })

  it('says that the service sends no mail, and of an embedded one that runs what could not be compared', async () => {
    const door = await proxy()
    const folder = join(dataDir, 'served')
    const env = { DATA_DIR: folder, PUBLIC_URL: door.url, RATE_LIMIT: 'on' }
    await using service = await startProcess('', env)
    door.to(service.url)
    const { of } = await examined({ ...env, DATABASE_URL: '' })
    assert.match(of('mail')[0]?.what ?? '', /^The service sends no mail/)
    assert.match(of('database')[0]?.why ?? '', /belongs to one process/)
    assert.equal(of('public-url')[0]?.severity, 'ok')
    const [proxies] = of('proxies')
    assert.equal(proxies?.severity, 'note')
    assert.match(`${proxies?.what} ${proxies?.mend}`, /^No made-up address was tried: .* 192\.0\.2\.99/)
  })

  it('on the embedded database looks at it and at the files, and says what it found to a person', async () => {
    const folder = join(dataDir, 'embedded')
    const env = { ...processEnv, SECRET_KEY: '', DATA_DIR: folder, RATE_LIMIT: 'on' }
    assert.equal((await command(env, ['migrate'])).code, 0)
    await writeFile(join(folder, 'secret.key'), `${'Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA'}\n`)
    await chmod(join(folder, 'secret.key'), 0o644)
    const { code, stdout, stderr } = await command(env, ['doctor'])
    assert.equal(code, 1, stderr)
    assert.match(
      stdout,
      /^error {4}secrets\.file: .* has mode 0644\.\n {9}Why: .*\n {9}Do: {2}chmod 0600 .*secret\.key$/m,
    )
    assert.match(stdout, /^ok {7}database\.migrations: /m)
    assert.match(stdout, /^\d+ errors, \d+ warnings, \d+ notes, \d+ well\.$/m)
    assert.ok(!stdout.includes('\x1b'))
  })
})
