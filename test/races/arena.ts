import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { compose, type Service } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { deriveKey } from '../../src/platform/secret-key.ts'
import { refreshTokenJwt } from '../../src/sessions/infrastructure/refresh-token.jwt.ts'
import { startPostgres, type TestDatabase } from '../support/postgres.ts'
import { processEnv, type ServiceProcess, startProcess } from '../support/processes.ts'
import { type Answer, type Person, password } from '../support/service.ts'

/** A session of a person, and its newest tokens. */
export interface Login {
  readonly email: string
  readonly userId: number
  readonly session: string
  readonly generation: number
  readonly access: string
  readonly refresh: string
}

export interface SessionRow {
  readonly generation: number
  readonly revoked: boolean
  readonly live: boolean
}

/** Two processes of the service on one database of PostgreSQL, and a look at that database behind their back. */
export interface Arena {
  readonly database: TestDatabase
  readonly processes: [ServiceProcess, ServiceProcess]
  /** Either process, the one and the other in turn. */
  next(): ServiceProcess
  query<T = Record<string, unknown>>(statement: string, values?: unknown[]): Promise<T[]>
  /** What an operator's commands run on: the service in this process, on the same database. */
  operator(): Promise<Service>
  person(): Promise<Person & { id: number }>
  /** A session that was opened behind the service's back, without the time of a password hash. */
  session(person?: { email: string; id: number }): Promise<Login>
  row(login: Pick<Login, 'session'>): Promise<SessionRow>
  /**
   * Holds a row, the session's or else the account's, starts the calls in their order, each once the one before waits
   * for the row, and lets the row go when all wait: so that they meet at every run and not by luck.
   */
  meet<T>(at: Pick<Login, 'session'> | Pick<Login, 'userId'>, calls: readonly (() => Promise<T>)[]): Promise<T[]>
  [Symbol.asyncDispose](): Promise<void>
}

/** Whoever waits for a row waits until the others are there too, whose password hash takes long on a busy machine. */
export const patience = new URLSearchParams({
  lock_timeout: '60000',
  statement_timeout: '60000',
  query_timeout: '61000',
})

let people = 0

export async function openArena(env: Record<string, string> = {}): Promise<Arena> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startPostgres())
  const database = opened.use(await server.createDatabase())
  const start = async () => opened.use(await startProcess(`${database.url}?${patience}`, env))
  const processes: Arena['processes'] = [await start(), await start()]
  const client = await connect(database.url)
  opened.defer(() => client.end())

  let turn = 0
  const next = () => (turn++ % 2 === 0 ? processes[0] : processes[1])
  const query = async <T>(statement: string, values: unknown[] = []) =>
    (await client.query(statement, values)).rows as T[]
  const person = async () => {
    const one = { email: `racer-${process.pid}-${++people}@example.com`, password }
    const { body } = expect(await next().call('POST', '/api/v1/auth/register', { json: one }), 200)
    return { ...one, id: body.id as number }
  }
  const tokens = refreshTokenJwt({
    key: deriveKey(new Secret(processEnv.SECRET_KEY), 'refresh-token'),
    previousKey: null,
    issuer: processEnv.PUBLIC_URL,
    ttl: 300,
  })
  let operator: Promise<Service> | undefined

  opened.defer(async () => (await operator)?.close())
  const running = opened.move()
  return {
    database,
    processes,
    next,
    query,
    person,
    operator() {
      operator ??= compose(parseConfig({ ...processEnv, DATABASE_URL: database.url }), { log: createLog('silent') })
      return operator
    },
    async session(who) {
      const { email, id: userId } = who ?? (await person())
      const [row] = await query<{ id: SessionId; last_used_at: Date; idle_expires_at: Date; expires_at: Date }>(
        `INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at)
         SELECT $1, $2, at, at, at + interval '5 minutes', at + interval '1 hour'
         FROM (SELECT date_trunc('second', now()) AS at) AS present RETURNING *`,
        [randomUUID(), userId],
      )
      assert.ok(row)
      const first = tokens.write({
        id: row.id,
        userId: userId as UserId,
        generation: 0,
        createdAt: row.last_used_at,
        lastUsedAt: row.last_used_at,
        idleExpiresAt: row.idle_expires_at,
        expiresAt: row.expires_at,
        revokedAt: null,
        userAgent: null,
        ip: null,
      })
      const { body } = expect(await refresh(next(), first), 200)
      const { access_token: access, refresh_token } = body
      return { email, userId, session: row.id, generation: 1, access, refresh: refresh_token }
    },
    async row({ session }) {
      const [row] = await query<SessionRow>(
        `SELECT generation, revoked_at IS NOT NULL AS revoked, revoked_at IS NULL AND idle_expires_at > now() AS live
         FROM sessions WHERE id = $1`,
        [session],
      )
      assert.ok(row, 'the session has a row')
      return row
    },
    async meet(at, calls) {
      const holder = await connect(database.url)
      try {
        await holder.query('BEGIN')
        if ('session' in at) await holder.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [at.session])
        else await holder.query('SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE', [at.userId])
        const sent: ReturnType<(typeof calls)[number]>[] = []
        let answered = 0
        for (const call of calls) {
          const answer = call()
          answer.then(
            () => answered++,
            () => answered++,
          )
          sent.push(answer)
          while ((await waiting()) < sent.length) assert.equal(answered, 0, 'a call was answered without the row')
        }
        await holder.query('COMMIT')
        return await Promise.all(sent)
      } finally {
        await holder.end()
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }

  /** How many of the service's connections wait for a lock. */
  async function waiting(): Promise<number> {
    const [row] = await query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'latchkey' AND wait_event_type = 'Lock'`,
    )
    return row?.count ?? 0
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return client
}

export function expect(answer: Answer, status: number, code?: string): Answer {
  assert.equal(answer.status, status, answer.text)
  if (code !== undefined) assert.equal(answer.body.code, code)
  return answer
}

export const refresh = (at: ServiceProcess, token: string) => at.call('POST', '/api/v1/auth/refresh', { token })

/** What became of a refresh: the successor, or the code of the refusal. */
export type Outcome<T> = { readonly won: T } | { readonly refused: string }

/** Whatever was refused was refused as a race, and exactly one caller has won. */
export function assertOneWinner<T>(outcomes: readonly Outcome<T>[]): T {
  const winners = outcomes.flatMap((outcome) => ('won' in outcome ? [outcome.won] : []))
  const refusals = outcomes.flatMap((outcome) => ('refused' in outcome ? [outcome.refused] : []))
  assert.equal(winners.length, 1, `of ${outcomes.length} callers, ${winners.length} got a new successor`)
  assert.deepEqual(new Set(refusals), new Set(['refresh_token_reused']))
  return winners[0] as T
}

/** Whoever comes after the end of a session is refused, and for this reason. */
export function assertNoWinner(outcomes: readonly Outcome<unknown>[], code: string): void {
  for (const outcome of outcomes) assert.deepEqual(outcome, { refused: code })
}

/** The outcome of an HTTP refresh. */
export const outcomeOf = ({ status, body }: Answer): Outcome<string> =>
  status === 200 ? { won: body.refresh_token } : { refused: body.code }
