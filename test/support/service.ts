import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { compose } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/platform/log.ts'
import { type TestClock, testClock } from './clock.ts'
import { conformance, type OpenApiDocument } from './conformance.ts'
import { startPostgres } from './postgres.ts'

export type Kind = 'postgres' | 'embedded'

/** Both databases, for suites that hold on each. */
export const kinds: readonly Kind[] = ['postgres', 'embedded']

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came back.
  readonly body: any
}

export interface CallOptions {
  readonly token?: string
  readonly json?: unknown
  readonly body?: string | Uint8Array
  readonly headers?: Record<string, string>
}

export interface Person {
  readonly email: string
  readonly password: string
}

export interface TestService {
  readonly url: string
  readonly issuer: string
  readonly clock: TestClock
  readonly logLines: string[]
  readonly service: Awaited<ReturnType<typeof compose>>
  /** Makes one call. An answer that the OpenAPI document does not describe fails the test. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  /** Runs one statement in the service's database, behind its back. */
  query<T = Record<string, unknown>>(statement: string): Promise<T[]>
  /** A new account; each has an address of its own. */
  person(): Promise<Person>
  /** A new account and the tokens of its login. */
  loggedIn(): Promise<Person & { access: string; refresh: string }>
  close(): Promise<void>
}

export interface Options {
  readonly kind?: Kind
  readonly env?: Record<string, string>
  readonly clock?: TestClock
  /** The cheapest hash that bcrypt knows, unless a test is about its time. */
  readonly bcryptCost?: number
  /** Whether it also does what a service does in the background. It needs keys that another one has made, if not. */
  readonly keeps?: boolean
}

export const issuer = 'http://localhost:1602'
export const password = 'your_password_123'

let people = 0

/** The whole service in this process, on a database of its own, listening on a free port; time stands still in it. */
export async function startService({
  kind = 'postgres',
  env = {},
  clock = testClock(),
  bcryptCost = 4,
  keeps = true,
}: Options = {}): Promise<TestService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-test-'))
  // A test that names a database has made it, and starts more than one service on it.
  const server = kind === 'postgres' && !env.DATABASE_URL ? await startPostgres() : null
  const database = await server?.createDatabase()
  const base = parseConfig({
    PORT: '0',
    PUBLIC_URL: issuer,
    DATA_DIR: dataDir,
    // Time stands still here, and a quota that is used up would be so for ever.
    RATE_LIMIT: 'off',
    // A busy machine is slow, and a test wants its answers however long it takes.
    HASH_DEADLINE: '60s',
    ...(database && { DATABASE_URL: database.url }),
    ...env,
  })
  const removeSurroundings = async () => {
    await database?.drop()
    await server?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  const logLines: string[] = []
  const log = createLog(base.logLevel, { write: (line) => void logLines.push(line) })
  const service = await compose({ ...base, bcryptCost }, { log, clock, keeps }).catch(async (error) => {
    await removeSurroundings()
    throw error
  })
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })

  let check: ReturnType<typeof conformance> | undefined

  const call: TestService['call'] = async (method, path, { token, json, body, headers = {} } = {}) => {
    const sent = json === undefined ? body : JSON.stringify(json)
    const response = await fetch(new URL(path, url), {
      method,
      redirect: 'manual',
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent as string }),
    })
    const text = await response.text()
    check ??= conformance((await service.document()) as OpenApiDocument)
    check({ method, path: new URL(path, url).pathname, status: response.status, headers: response.headers, text })
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, body: isJson && text ? JSON.parse(text) : text }
  }

  const person = async () => {
    const one = { email: `person-${process.pid}-${++people}@example.com`, password }
    const answer = await call('POST', '/api/v1/auth/register', { json: one })
    if (answer.status !== 200) throw new Error(`registering answered ${answer.status}: ${answer.text}`)
    return one
  }

  return {
    url,
    issuer,
    clock,
    logLines,
    service,
    call,
    query: async (statement) => (await sql.raw(statement).execute(service.database)).rows as never,
    person,
    async loggedIn() {
      const one = await person()
      const answer = await call('POST', '/api/v1/auth/login', { json: one })
      if (answer.status !== 200) throw new Error(`logging in answered ${answer.status}: ${answer.text}`)
      return { ...one, access: answer.body.access_token, refresh: answer.body.refresh_token }
    },
    async close() {
      await service.close()
      await removeSurroundings()
    },
  }
}
