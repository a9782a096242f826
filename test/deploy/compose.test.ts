import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { command } from '../cli/run.ts'
import { variables } from '../config-variables.ts'
import { startDurablePostgres } from '../support/postgres.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const { services } = parse(text('deploy/compose.ha.yaml'), { merge: true })
const simple = parse(text('compose.yaml'), { merge: true }).services
const nginx = text('deploy/ha/nginx.conf')
const replicas = ['latchkey-a', 'latchkey-b']

describe('the compose file with two of each', () => {
  it('gives both processes what the simple one gives its one, and no other', () => {
    for (const name of replicas) {
      const { environment } = services[name]
      assert.deepEqual(Object.keys(environment).toSorted(), Object.keys(simple.latchkey.environment).toSorted())
      const given = Object.entries(environment).filter(([variable, value]) => value !== null && variable in variables)
      assert.ok(parseConfig(Object.fromEntries(given) as Record<string, string>))
    }
    assert.deepEqual(services['latchkey-a'].environment, services['latchkey-b'].environment)
  })

  it('names both servers in the URL, and asks for the one that takes writes', () => {
    const { DATABASE_URL } = services['latchkey-a'].environment
    assert.match(DATABASE_URL, /@postgres-a:5432,postgres-b:5432\/.*target_session_attrs=read-write/)
    for (const [name, peer] of [
      ['postgres-a', 'postgres-b'],
      ['postgres-b', 'postgres-a'],
    ] as const) {
      assert.equal(services[name].environment.NAME, name)
      assert.equal(services[name].environment.PEER, peer)
    }
    // One of the two begins with an empty database; the other copies it.
    assert.deepEqual(
      ['postgres-a', 'postgres-b'].map((name) => services[name].environment.BEGINS),
      ['yes', 'no'],
    )
  })

  it('has nginx alone speak for clients, and to both processes', () => {
    const address = services.nginx.networks.public.ipv4_address
    for (const name of replicas) {
      assert.equal(services[name].environment.TRUSTED_PROXIES, address)
      assert.match(nginx, new RegExp(`server ${name}:${parseConfig({}).port} `))
      assert.ok(services[name].networks.public.ipv4_address)
      assert.ok(!services[name].ports, 'nobody goes past nginx')
    }
    // Not what a client claims.
    assert.match(nginx, /proxy_set_header X-Forwarded-For \$remote_addr;/)
    // A request that may have been done is not sent again.
    assert.doesNotMatch(nginx, /non_idempotent/)
    assert.deepEqual(services.nginx.ports, ['127.0.0.1:1602:8080'])
  })

  it('gives no process a privilege', () => {
    for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
      assert.equal(service.read_only, true, name)
      assert.deepEqual(service.cap_drop, ['ALL'], name)
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name)
    }
  })
})

describe('the compose files', () => {
  it('hand on variables that count, of OpenTelemetry those by which it is turned on', () => {
    const known = text('docs/reference/configuration.md')
    const names = Object.keys(simple.latchkey.environment)
    for (const name of names.filter((name) => name.startsWith('OTEL_'))) assert.ok(known.includes(`\`${name}\``), name)
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_EXPORTER', 'OTEL_METRICS_EXPORTER'])
      assert.ok(names.includes(name), name)
  })

  it('start what is not the service past the entry point of its image, to which words are a command', () => {
    for (const file of [simple, services]) {
      for (const [name, { build, entrypoint, command }] of Object.entries<Record<string, unknown>>(file)) {
        if (build === undefined) continue
        assert.equal(command, undefined, name)
        assert.equal(entrypoint !== undefined, name === 'database-password', name)
      }
    }
  })

  it('give the service of the simple one a role that owns its database and may do nothing else', async () => {
    const script = 'deploy/make-role.sql'
    assert.ok(simple.postgres.volumes.includes(`./${script}:/docker-entrypoint-initdb.d/make-role.sql:ro`))
    const [, , path] = /\\set (\w+) `cat (.+)`/.exec(text(script)) ?? []
    assert.equal(path, simple.postgres.environment.POSTGRES_PASSWORD_FILE)
    // One of its own: the script takes the superuser's password away.
    await using server = await startDurablePostgres()
    const run = async (url: string, statements: string) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      return client.query(statements).finally(() => client.end())
    }
    const of = (user: string) => Object.assign(new URL(server.url), { username: user, pathname: '/latchkey' }).href
    await run(server.url, 'CREATE DATABASE latchkey')
    await run(
      of('postgres'),
      text(script)
        .replace(/^\\.*$/m, '')
        .replace(":'password'", "'secret'"),
    )
    assert.equal((await command({ DATABASE_URL: of('latchkey') }, ['migrate'])).code, 0)
    const { rows } = await run(
      of('latchkey'),
      `SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls AS mighty,
        pg_has_role('pg_database_owner', 'USAGE') AS owns FROM pg_roles WHERE rolname = current_user`,
    )
    assert.deepEqual(rows, [{ mighty: false, owns: true }])
  })
})
