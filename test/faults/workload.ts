import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { deriveKey } from '../../src/platform/secret-key.ts'
import { refreshTokenJwt } from '../../src/sessions/infrastructure/refresh-token.jwt.ts'
import type { Ledger } from '../support/ledger.ts'
import { processEnv, type ServiceProcess } from '../support/processes.ts'
import type { Answer, CallOptions } from '../support/service.ts'

/** A session that waits for its first refresh. */
export interface Seed {
  readonly session: string
  readonly token: string
}

const hour = 3_600

/** How the service is set up: a client whose answer got lost asks again and gets the same, for as long as the test. */
export const workEnv = { REFRESH_REUSE_POLICY: 'repeat', REFRESH_REUSE_WINDOW: '4m', REFRESH_TOKEN_TTL: '1h' }

/** Sessions opened behind the service's back, without the time of a password hash. */
export async function seed(database: Database, count: number): Promise<Seed[]> {
  const tokens = refreshTokenJwt({
    key: deriveKey(new Secret(processEnv.SECRET_KEY), 'refresh-token'),
    previousKey: null,
    issuer: processEnv.PUBLIC_URL,
    ttl: hour,
  })
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const end = new Date(now.getTime() + hour * 1000)
  const { rows } = await sql<{ id: number }>`
    INSERT INTO users (email, created_at) VALUES (${`${randomUUID()}@example.com`}, ${now}) RETURNING id`.execute(
    database,
  )
  const userId = Number(rows[0]?.id) as UserId
  const seeds: Seed[] = []
  for (let made = 0; made < count; made++) {
    const id = randomUUID() as SessionId
    await sql`INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at)
      VALUES (${id}, ${userId}, ${now}, ${now}, ${end}, ${end})`.execute(database)
    const times = { createdAt: now, lastUsedAt: now, idleExpiresAt: end, expiresAt: end, revokedAt: null }
    const token = tokens.write({ id, userId, generation: 0, ...times, userAgent: null, ip: null })
    seeds.push({ session: id, token })
  }
  return seeds
}

interface Work {
  readonly ledger: Ledger
  readonly seeds: Seed[]
  /** The process that serves at the moment. */
  readonly at: () => ServiceProcess
  /** How many people register, log in and change their passwords at a time: one unless it is said. */
  readonly people?: number
}

/** The newest token of a session that lives on, and the one three generations before, if it came so far. */
export interface Leftover {
  readonly session: string
  readonly token: string
  readonly generation: number
  readonly stale: string | undefined
}

/** How many clients refresh at the same time. */
export const rotators = 4
/** How often a session is refreshed before it is left. */
export const lifetime = { least: 5, most: 25 }
/** How much of the rest happens from one person's registration to the next: passwords cost time. */
const breath = 30

/**
 * Clients that refresh, log out, register, log in and change their passwords until they are told to stop. Each asks
 * again until it has an answer, and puts that into the ledger.
 */
export function startWork({ ledger, seeds, at, people = 1 }: Work): { stop(): Promise<Leftover[]> } {
  let stopping = false
  const stopped = Promise.withResolvers<void>()
  const leftovers: Leftover[] = []
  const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

  /** The first answer that is none of a fault; null when it is time to stop. `lost` says that some were. */
  async function ask(method: string, path: string, options: CallOptions): Promise<(Answer & { lost: boolean }) | null> {
    for (let lost = false; !stopping; lost = true) {
      const answer = await at()
        .call(method, `/api/v1${path}`, { ...options, headers: { connection: 'close' } })
        .catch(() => null)
      if (answer && answer.status !== 503) return { ...answer, lost }
      if (answer && !answer.headers.has('retry-after')) ledger.surprise('503 without Retry-After')
      await sleep(10)
    }
    return null
  }
  const wonder = (what: string, { status, text }: Answer) => ledger.surprise(`${what} was answered ${status}: ${text}`)

  function leave(session: string, [token = '', ...past]: string[]): void {
    leftovers.push({ session, token, generation: past.length, stale: past[2] })
  }

  async function rotate(): Promise<void> {
    for (let next = seeds.pop(); next && !stopping; next = seeds.pop()) {
      const { session } = next
      const past = [next.token]
      const last = lifetime.least + Math.floor(Math.random() * (lifetime.most - lifetime.least))
      for (let generation = 1; generation <= last; generation++) {
        const answer = await ask('POST', '/auth/refresh', { token: past[0] as string })
        if (answer === null) return leave(session, past)
        if (answer.status !== 200) return wonder('a refresh', answer)
        past.unshift(answer.body.refresh_token)
        const { gen } = claims(answer.body.refresh_token)
        if (gen !== generation) ledger.surprise(`generation ${gen} came after ${generation - 1}`)
        ledger.rotated(session, gen)
      }
      // Every other session lives on.
      if (Math.random() < 0.5) leave(session, past)
      else {
        const answer = await ask('POST', '/auth/logout', { token: past[0] as string })
        if (answer?.status === 204) ledger.loggedOut(session)
        else if (answer) wonder('a logout', answer)
      }
    }
  }

  async function live(): Promise<void> {
    while (!stopping) {
      const person = { email: `${randomUUID()}@example.com`, password: 'your_password_123' }
      const registered = await ask('POST', '/auth/register', { json: person })
      if (registered?.status === 200) ledger.registered(registered.body.id)
      // Who asks again learns that the first time it was done.
      else if (registered && !(registered.status === 409 && registered.lost)) wonder('a registration', registered)
      const login = registered && (await ask('POST', '/auth/login', { json: person }))
      if (!login) return
      if (login.status !== 200) return wonder('a login', login)
      const { sid, sub } = claims(login.body.access_token)
      ledger.loggedIn(sid)
      const changed = await ask('PUT', '/users/me/password', {
        token: login.body.access_token,
        json: { current_password: person.password, new_password: `${person.password}4` },
      })
      if (changed?.status === 204) ledger.passwordChanged(Number(sub))
      else if (changed && !(changed.status === 401 && changed.lost)) wonder('a change of the password', changed)
      const wrong = await ask('POST', '/auth/login', { json: { ...person, password: 'a wrong password' } })
      if (wrong?.status === 401) ledger.loginFailed(Number(sub))
      else if (wrong) wonder('a login with a wrong password', wrong)
      // Where no session is left, there is no more that happens meanwhile.
      await Promise.race([ledger.more(breath), rotations, stopped.promise])
    }
  }

  const rotations = Promise.all(Array.from({ length: rotators }, rotate))
  const work = Promise.all([rotations, ...Array.from({ length: people }, live)])
  work.catch((error) => ledger.surprise(String(error)))
  return {
    async stop() {
      stopping = true
      stopped.resolve()
      await work
      return leftovers
    },
  }
}
