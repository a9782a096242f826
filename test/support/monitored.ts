import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Run, run, said } from './command-line.ts'
import { type Exposition, scrape } from './exposition.ts'
import { startPostgres } from './postgres.ts'
import { processEnv } from './processes.ts'
import { password } from './service.ts'

/** A service in a process of its own that tells metrics. */
export interface MonitoredService {
  readonly run: Run
  readonly url: string
  call(method: string, path: string, sent?: { json?: unknown; token?: string }): Promise<Called>
  scrape(): Promise<Exposition>
  /** Has each kind of metric counted at least once: every outcome of a refresh that is an alert's, limits, failures. */
  walk(): Promise<void>
  stop(): Promise<void>
}

interface Called {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came back.
  readonly body: any
}

const auth = '/api/v1/auth'

export async function startMonitored(given: Record<string, string> = {}): Promise<MonitoredService> {
  const server = await startPostgres()
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-monitored-'))
  const { url: databaseUrl } = await server.createDatabase()
  const limits = { RATE_LIMIT: 'on', REFRESH_REUSE_WINDOW: '0s', HASH_DEADLINE: '1s' }
  const env = { ...processEnv, DATABASE_URL: databaseUrl, DATA_DIR: directory, ADMIN_PORT: '0', ...limits, ...given }
  const service = run(env)
  const url = String((await said(service, 'ready')).address)
  const { port = '' } = await said(service, 'metrics are served')

  const call: MonitoredService['call'] = async (method, path, { json, token } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    })
    const body = await response.text()
    return { status: response.status, headers: response.headers, body: body.startsWith('{') ? JSON.parse(body) : body }
  }

  return {
    run: service,
    url,
    call,
    scrape: () => scrape(port),
    async walk() {
      const person = { email: 'walked@example.com', password }
      await call('POST', `${auth}/register`, { json: person })
      const { refresh_token: first } = (await call('POST', `${auth}/login`, { json: person })).body
      const { refresh_token: second } = (await call('POST', `${auth}/refresh`, { token: first })).body
      await call('POST', `${auth}/refresh`, { token: `${second}x` })
      await call('POST', `${auth}/refresh`, { token: first })
      const wrong = { email: person.email, password: 'not this one' }
      for (const _ of Array(11)) await call('POST', `${auth}/login`, { json: wrong })
      // More than two seconds' worth of hashes at once: the last of them are refused.
      const many = Array.from({ length: 100 }, (_, index) => ({ email: `walked-${index}@example.com`, password }))
      await Promise.all(many.map((json) => call('POST', `${auth}/register`, { json })))
    },
    async stop() {
      service.child.kill('SIGTERM')
      await service.ended
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
