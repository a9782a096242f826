import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import pg from 'pg'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres } from '../../../src/platform/postgres/database.ts'
import { startPostgres } from '../../support/postgres.ts'

const run = promisify(execFile)

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const skip = hasOpenssl() && process.platform !== 'win32' ? false : 'needs openssl and a shell'

describe('TLS to PostgreSQL', { skip }, () => {
  const opened = new AsyncDisposableStack()
  let directory: string
  let plain: URL
  const encrypted: Record<string, URL> = {}

  before(async () => {
    // Servers of its own: it changes how they listen.
    delete process.env.TEST_DATABASE_URL
    directory = await mkdtemp(join(tmpdir(), 'latchkey-tls-'))
    opened.defer(() => rm(directory, { recursive: true, force: true }))
    await Promise.all([authority('ours'), authority('theirs')])
    const start = async () => opened.use(await startPostgres()).url
    const names = ['DNS:localhost', 'IP:127.0.0.1', 'DNS:db.example.com']
    const [first, ...urls] = await Promise.all([start(), ...names.map(start)])
    plain = new URL(first)
    // One after the other, for the authority counts its certificates in a file.
    for (const [index, name] of names.entries()) {
      const url = urls[index] ?? ''
      await certify('ours', name)
      await present(url, name)
      encrypted[name] = new URL(url)
    }
  })
  after(() => opened.disposeAsync())

  const file = (name: string) => join(directory, name.replace(':', '-'))

  /** A certificate authority: its certificate and its key. */
  async function authority(name: string): Promise<void> {
    const made = ['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`), '-days', '2']
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made])
  }

  /** A server's certificate for that name. */
  async function certify(by: string, name: string): Promise<void> {
    const request = ['-subj', '/CN=server', '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]
    await run('openssl', ['req', '-newkey', 'rsa:2048', '-nodes', ...request])
    await writeFile(file(`${name}.ext`), `subjectAltName=${name}\n`)
    const issuer = ['-CA', file(`${by}.crt`), '-CAkey', file(`${by}.key`), '-CAcreateserial', '-days', '2']
    const issued = ['-extfile', file(`${name}.ext`), '-out', file(`${name}.crt`)]
    await run('openssl', ['x509', '-req', '-in', file(`${name}.csr`), ...issuer, ...issued])
  }

  /** Has a server present its certificate. It writes the files itself, so that they are its own. */
  async function present(url: string, name: string): Promise<void> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    for (const kind of ['crt', 'key']) {
      const lines = (await readFile(file(`${name}.${kind}`), 'utf8')).trim().split('\n')
      const rows = lines.map((line) => `('${line}')`).join(',')
      await client.query(`COPY (VALUES ${rows}) TO PROGRAM 'umask 077; cat > "$PWD/server.${kind}"'`)
    }
    await client.query('ALTER SYSTEM SET ssl = on')
    await client.query('SELECT pg_reload_conf()')
    const isOn = async () => (await client.query('SHOW ssl')).rows[0].ssl === 'on'
    while (!(await isOn())) await new Promise((resolve) => setTimeout(resolve, 10))
    await client.end()
  }

  /** Whether a connection to `host` by these parameters is encrypted; rejects where there is none. */
  async function isEncrypted(server: URL | undefined, host: string, parameters: Record<string, string>) {
    assert.ok(server)
    const url = new URL(server)
    url.hostname = host
    url.search = new URLSearchParams(parameters).toString()
    return encryptedAt(url.href)
  }

  async function encryptedAt(url: string) {
    await using database = connectPostgres(new Secret(url), createLog('silent'))
    const query = sql<{ ssl: boolean }>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`
    return (await query.execute(database)).rows[0]?.ssl
  }

  /** A port on which nobody listens. */
  async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    listener.close()
    return port
  }

  const ours = () => ({ sslmode: 'verify-full', sslrootcert: file('ours.crt') })
  const theirs = () => ({ sslmode: 'verify-full', sslrootcert: file('theirs.crt') })

  it('is not used where the URL says nothing or disable', async () => {
    assert.equal(await isEncrypted(encrypted['DNS:localhost'], 'localhost', {}), false)
    assert.equal(await isEncrypted(encrypted['DNS:localhost'], 'localhost', { sslmode: 'disable' }), false)
  })

  for (const sslmode of ['prefer', 'require']) {
    it(`encrypts and verifies nothing with ${sslmode}`, async () => {
      assert.equal(await isEncrypted(encrypted['DNS:db.example.com'], '127.0.0.1', { sslmode }), true)
    })
  }

  it('verifies the authority and the name with verify-full', async () => {
    const server = encrypted['DNS:localhost']
    assert.equal(await isEncrypted(server, 'localhost', ours()), true)
    await assert.rejects(isEncrypted(server, 'localhost', theirs()), /certificate|verify/i)
    await assert.rejects(isEncrypted(server, 'localhost', { sslmode: 'verify-full' }), /certificate|verify/i)
    const other = encrypted['DNS:db.example.com']
    await assert.rejects(isEncrypted(other, 'localhost', ours()), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  it('verifies an address like a name with verify-full', async () => {
    assert.equal(await isEncrypted(encrypted['IP:127.0.0.1'], '127.0.0.1', ours()), true)
    for (const name of ['DNS:localhost', 'DNS:db.example.com']) {
      const connecting = isEncrypted(encrypted[name], '127.0.0.1', ours())
      await assert.rejects(connecting, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, name)
    }
  })

  it('verifies each of several hosts by its own name with verify-full', async () => {
    const gone = `localhost:${await closedPort()}`
    const reach = (hosts: string[]) => {
      const url = new URL(plain)
      const parameters = { ...ours(), target_session_attrs: 'read-write' }
      const text = `postgres://${url.username}@${hosts.join(',')}/postgres?${new URLSearchParams(parameters)}`
      return encryptedAt(text)
    }
    const named = `localhost:${encrypted['DNS:localhost']?.port}`
    const numbered = `127.0.0.1:${encrypted['IP:127.0.0.1']?.port}`
    assert.equal(await reach([gone, named]), true)
    assert.equal(await reach([gone, numbered]), true)
    // A certificate for another host's name is told, wherever it stands, and nobody else is asked.
    const other = `localhost:${encrypted['DNS:db.example.com']?.port}`
    for (const hosts of [
      [gone, other],
      [other, named],
      [gone, `127.0.0.1:${encrypted['DNS:localhost']?.port}`],
    ]) {
      await assert.rejects(reach(hosts), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    }
  })

  it('verifies the authority alone with verify-ca, and with require where an authority is named', async () => {
    for (const sslmode of ['verify-ca', 'require']) {
      const other = encrypted['DNS:db.example.com']
      assert.equal(await isEncrypted(other, 'localhost', { ...ours(), sslmode }), true)
      await assert.rejects(isEncrypted(other, 'localhost', { ...theirs(), sslmode }), /certificate|verify/i)
    }
  })

  it('refuses verify-ca without an authority', async () => {
    await assert.rejects(isEncrypted(encrypted['DNS:localhost'], 'localhost', { sslmode: 'verify-ca' }), /sslrootcert/)
  })

  for (const sslmode of ['require', 'verify-full']) {
    it(`refuses a server without TLS with ${sslmode}`, async () => {
      await assert.rejects(isEncrypted(plain, 'localhost', { ...ours(), sslmode }), /does not support SSL/)
    })
  }
})
