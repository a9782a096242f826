import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { defaultHttpBounds } from '../../src/platform/http/bounds.ts'
import { type ServiceProcess, startProcess } from '../support/processes.ts'
import { password } from '../support/service.ts'

const page = (name: string) => readFileSync(new URL(`../../docs/how-to/${name}.md`, import.meta.url), 'utf8')
const blocks = (name: string, language: string) =>
  [...page(name).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)

/** What the pages say is run where the program is installed. */
const missing = (program: string, word: string) =>
  spawnSync(program, [word]).error !== undefined && `no ${program} on this machine`
const programs = { nginx: missing('nginx', '-v'), caddy: missing('caddy', 'version') }
for (const [name, skip] of Object.entries(programs)) if (skip) console.warn(`SKIPPED, the page on ${name}: ${skip}`)

interface Answer {
  readonly status: number
  readonly body: {
    readonly access_token?: string
    readonly sessions?: readonly { ip: string }[]
    readonly code?: string
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('a proxy that is set up as its page says', () => {
  let service: ServiceProcess
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-proxies-'))
  before(async () => {
    // nginx, started by root, works as somebody else.
    chmodSync(directory, 0o755)
    service = await startProcess('', { TRUSTED_PROXIES: '127.0.0.1' })
  })
  after(async () => {
    await service?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  /** A call from an address of this machine's own, which is no proxy; with headers that somebody made up. */
  const call = (port: number, method: string, path: string, { json, token }: { json?: object; token?: string } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const headers = {
        ...{ 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' },
        ...(json && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
      }
      const sent = request({ host: '127.0.0.1', port, method, path, headers, localAddress: '127.0.0.2' }, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part) => {
          text += part
        })
        answer.on('end', () => {
          const isOurs = /json/.test(answer.headers['content-type'] ?? '')
          resolve({ status: answer.statusCode ?? 0, body: isOurs ? JSON.parse(text) : {} })
        })
      })
      sent.on('error', reject).end(json && JSON.stringify(json))
    })

  async function reached(port: number, proxy: ChildProcess): Promise<void> {
    for (const deadline = Date.now() + 20_000; ; await delay(50)) {
      assert.equal(proxy.exitCode, null, 'the proxy has ended')
      const answer = await call(port, 'GET', '/health/live').catch(() => null)
      if (answer?.status === 200) return
      assert.ok(Date.now() < deadline, 'the proxy does not answer')
    }
  }

  /** Logs in through the proxy, and asks the service whom it saw. */
  async function behind(program: string, words: readonly string[], port: number): Promise<void> {
    const proxy = spawn(program, words, { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: directory } })
    const kill = () => void proxy.kill()
    process.once('exit', kill)
    try {
      await reached(port, proxy)
      const json = { email: `${program}@example.com`, password }
      assert.equal((await call(port, 'POST', '/api/v1/auth/register', { json })).status, 200)
      const { body: tokens } = await call(port, 'POST', '/api/v1/auth/login', { json })
      const { body } = await call(port, 'GET', '/api/v1/users/me/sessions', { token: tokens.access_token ?? '' })
      assert.deepEqual(
        body.sessions?.map(({ ip }) => ip),
        ['127.0.0.2'],
      )
      // Above the bound of the service and below that of the proxy: it is the service that refuses.
      const large = { email: 'a'.repeat(20_000), password }
      const refused = await call(port, 'POST', '/api/v1/auth/register', { json: large })
      assert.deepEqual([refused.status, refused.body.code], [413, 'body_too_large'])
    } finally {
      process.off('exit', kill)
      proxy.kill()
      if (proxy.exitCode === null) await once(proxy, 'exit')
    }
  }

  test('says whose call it is, and believes nobody: nginx', { skip: programs.nginx }, async () => {
    const port = await freePort()
    const [block = ''] = blocks('nginx', 'nginx')
    const config = block
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replaceAll(/^ *ssl_.*\n/gm, '')
      .replaceAll('127.0.0.1:1602', new URL(service.url).host)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${directory}/${name};`,
    )
    const around = `pid ${directory}/pid; error_log ${directory}/error.log; events {} http { access_log off; ${temporary.join(' ')}\n${config} }`
    const path = join(directory, 'nginx.conf')
    writeFileSync(path, around)
    await behind('nginx', ['-p', directory, '-c', path, '-g', 'daemon off;'], port)
  })

  test('says whose call it is, and believes nobody: Caddy', { skip: programs.caddy }, async () => {
    const port = await freePort()
    const [block = '', several = ''] = blocks('caddy', 'caddyfile')
    const config = block
      .replace('auth.example.com', `http://127.0.0.1:${port}`)
      .replace('127.0.0.1:1602', new URL(service.url).host)
    const path = join(directory, 'Caddyfile')
    writeFileSync(path, `{\n\tadmin off\n\tauto_https off\n}\n${config}`)
    await behind('caddy', ['run', '--adapter', 'caddyfile', '--config', path], port)
    writeFileSync(path, several)
    const { status, stderr } = spawnSync('caddy', ['adapt', '--adapter', 'caddyfile', '--config', path], {
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  })
})

describe('the pages on proxies', () => {
  const seconds = (text: string | undefined) => Number(/^(\d+)s$/.exec(text ?? '')?.[1] ?? Number.NaN)

  test('let go of an idle connection before the service does', () => {
    const limit = defaultHttpBounds().keepAlive / 1000
    const idle = [
      /keepalive_timeout (\d+s);/.exec(page('nginx'))?.[1],
      ...[...page('caddy').matchAll(/\bkeepalive (\d+s)/g)].map(([, time]) => time),
      /idleConnTimeout: (\d+s)/.exec(page('traefik'))?.[1],
    ]
    assert.equal(idle.length, 4)
    for (const time of idle) assert.ok(seconds(time) < limit, time)
  })

  test('have a process serve on for longer than its proxy takes to notice', () => {
    for (const name of ['caddy', 'traefik']) {
      const text = page(name)
      const [interval, timeout] = ['interval', 'timeout'].map((what) =>
        seconds(new RegExp(`\\b(?:health_)?${what}:? (\\d+s)`).exec(text)?.[1]),
      )
      const shutdownDelay = seconds(/SHUTDOWN_DELAY=(\d+s)/.exec(text)?.[1])
      assert.ok((interval as number) + (timeout as number) < shutdownDelay, name)
    }
  })

  test('have YAML that is such', () => {
    const [fixed, dynamic] = blocks('traefik', 'yaml').map((block) => parse(block))
    assert.ok(fixed.entryPoints.websecure)
    assert.equal(dynamic.http.services.latchkey.loadBalancer.serversTransport, 'latchkey')
    assert.ok(dynamic.http.serversTransports.latchkey)
    assert.equal(dynamic.http.services.latchkey.loadBalancer.healthCheck.path, '/health/ready')
  })
})
