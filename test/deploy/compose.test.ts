import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { variables } from '../config-variables.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const { services } = parse(text('deploy/compose.ha.yaml'), { merge: true })
const nginx = text('deploy/ha/nginx.conf')
const replicas = ['latchkey-a', 'latchkey-b']

describe('the compose file with two of each', () => {
  it('gives both processes what the simple one gives its one, and no other', () => {
    const simple = parse(text('compose.yaml'), { merge: true }).services.latchkey.environment
    for (const name of replicas) {
      const { environment } = services[name]
      assert.deepEqual(Object.keys(environment).toSorted(), Object.keys(simple).toSorted())
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
