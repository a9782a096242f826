import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { testClock } from '../support/clock.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { assertRefused } from '../support/problems.ts'
import { type Answer, type Person, startService, type TestService } from '../support/service.ts'
import { broken } from './invariants.ts'
import { type Action, type Machine, machine, opened, type Seen, step } from './refresh-model.ts'

const seconds = 1000
const seed = Number(process.env.MODEL_SEED ?? randomInt(2 ** 31))
/** How many steps are replayed under each policy, about. */
const budget = Number(process.env.MODEL_STEPS ?? 2000)
const traceLength = { minLength: 1, maxLength: 79 }

const lives = { window: 10 * seconds, refreshTtl: 300 * seconds, accessTtl: 60 * seconds, maxAge: 900 * seconds }
const shortWaits = [1, 999, 1000, 4000, 5001, 9999, 10_000]
const longWaits = [59_999, 60_000, 290_000, 299_000, 299_999, 300_000]
const start = new Date('2026-11-22T12:00:00.000Z')

/** An action of the model before it is known which tokens there are, and those that only the real service knows. */
type Deed =
  | Exclude<Action, { kind: 'steal' | 'logout' | 'endOthers' | 'beEnded' }>
  /** Both ways in which a person ends all sessions but the one that asks. */
  | { readonly kind: 'endOthers' | 'beEnded'; readonly by: 'request' | 'password' }
  /** Any token ever issued, counted back from the newest. */
  | { readonly kind: 'steal' | 'logout'; readonly back: number }
  /** Several calls with one token at the same time. */
  | { readonly kind: 'race'; readonly back: number; readonly calls: number }
  /** A new session, for the old one may be over. */
  | { readonly kind: 'login' }

const by = fc.constantFrom('request' as const, 'password' as const)
const back = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: fc.nat({ max: 50 }) })

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      tab: fc.constantFrom(0 as const, 1 as const),
      heard: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...shortWaits) },
        { weight: 1, arbitrary: fc.constantFrom(...longWaits) },
      ),
    }),
  },
  { weight: 6, arbitrary: fc.constant<Deed>({ kind: 'share' }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('steal' as const), back }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('race' as const), back, calls: fc.integer({ min: 2, max: 6 }) }),
  },
  { weight: 7, arbitrary: fc.constant<Deed>({ kind: 'login' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('logout' as const), back }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('endOthers' as const), by }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('beEnded' as const), by }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'restart' }) },
)

let server: TestPostgres
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

for (const policy of ['refuse', 'repeat'] as const) {
  describe(`the service on PostgreSQL, under ${policy}`, () => {
    let database: TestDatabase
    let real: Restartable
    before(async () => {
      database = await server.createDatabase()
      real = await restartable({
        DATABASE_URL: database.url,
        SECRET_KEY: 'Vn3lq0Xo5s8Jw1bTz7RkE2uYc9Hd4GmA',
        REFRESH_REUSE_POLICY: policy,
        REFRESH_REUSE_WINDOW: '10s',
        REFRESH_TOKEN_TTL: '5m',
        ACCESS_TOKEN_TTL: '1m',
        SESSION_MAX_AGE: '15m',
        RATE_LIMIT: 'off',
      })
    })
    after(async () => {
      await real.close()
      await database.drop()
    })

    it('does at every step of random traces what the contract says', async (t) => {
      const of = machine({ ...lives, policy })
      const tally = new Map<string, number>()
      const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1)
      const numRuns = Math.ceil(budget / ((traceLength.minLength + traceLength.maxLength) / 2))
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: 999 }),
          fc.array(deed, { ...traceLength, size: 'max' }),
          async (offset, trace) => {
            // Sessions that open in the middle of a second end on a whole one.
            real.clock.set(new Date(start.getTime() + offset))
            const actors = await newActors(of, real)
            for (const one of trace) {
              await play(actors, one, count)
              count('steps')
            }
          },
        ),
        { seed, numRuns, endOnFailure: false },
      )
      const { steps, ...kinds } = Object.fromEntries([...tally].toSorted(([a], [b]) => (a < b ? -1 : 1)))
      t.diagnostic(`${steps} steps replayed, MODEL_SEED=${seed}: ${JSON.stringify(kinds)}`)
      const again = policy === 'repeat' ? ['200 again'] : []
      const refusals = ['401 refresh_token_reused', '401 token_expired', '401 invalid_token']
      const changes = ['endOthers by password', 'beEnded by password']
      for (const wanted of ['200 new', ...again, ...refusals, 'race', 'restart', ...changes]) {
        assert.ok((kinds[wanted] ?? 0) > 0, `the traces never came to: ${wanted}`)
      }
    })
  })
}

/** The real service, which can be closed and composed anew on the same database. */
interface Restartable {
  readonly clock: TestService['clock']
  readonly service: TestService
  restart(): Promise<void>
  close(): Promise<void>
}

async function restartable(env: Record<string, string>): Promise<Restartable> {
  const clock = testClock(start)
  let service = await startService({ env, clock })
  return {
    clock,
    get service() {
      return service
    },
    async restart() {
      await service.close()
      service = await startService({ env, clock })
    },
    close: () => service.close(),
  }
}

/** One session in the model and in the service, side by side. */
interface Actors {
  readonly of: Machine
  readonly real: Restartable
  /** With the password that counts now. */
  person: Person
  world: Seen['after']
  session: string
  /** The refresh tokens as they were answered, at the places where the model has them. */
  tokens: string[]
  /** The newest access token that an honest tab was answered. */
  access: string
}

async function newActors(of: Machine, real: Restartable): Promise<Actors> {
  const person = await real.service.person()
  const actors: Actors = { of, real, person, world: opened(of.rules), session: '', tokens: [], access: '' }
  await logIn(actors)
  return actors
}

async function logIn(actors: Actors): Promise<void> {
  const body = await tokensOf(actors)
  actors.world = opened(actors.of.rules, actors.real.clock().getTime())
  actors.tokens = [body.refresh_token]
  actors.access = body.access_token
  actors.session = sessionOf(body)
  await compareRow(actors)
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

async function tokensOf({ real, person }: Actors): Promise<Tokens> {
  const { body, status } = await real.service.call('POST', '/api/v1/auth/login', { json: person })
  assert.equal(status, 200)
  return body
}

const sessionOf = ({ refresh_token }: Tokens): string =>
  JSON.parse(Buffer.from(refresh_token.split('.')[1] ?? '', 'base64url').toString()).sid

/** One deed in both worlds, and then their answers and rows compared. */
async function play(actors: Actors, deed: Deed, count: (name: string) => void): Promise<void> {
  const { real, world } = actors
  const place = (back: number) => world.issued.length - 1 - (back % world.issued.length)
  count(deed.kind)

  switch (deed.kind) {
    case 'login':
      return logIn(actors)
    case 'race': {
      const token = place(deed.back)
      const expected = imagine(actors, deed.calls, { kind: 'steal', token })
      const sent = Array.from({ length: deed.calls }, () => present(actors, token))
      const answers = await Promise.all(sent)
      // Who wins is for the database to say; what the winner and the losers are answered is not.
      const kind = (answer: { status?: number; code?: string } | null) => `${answer?.status} ${answer?.code ?? ''}`
      const told = (answer: Answer) => kind({ status: answer.status, code: answer.body.code })
      expected.sort((a, b) => (kind(a.answer) < kind(b.answer) ? -1 : 1))
      answers.sort((a, b) => (told(a) < told(b) ? -1 : 1))
      for (const [index, seen] of expected.entries()) compareAnswer(actors, seen, answers[index], count)
      break
    }
    case 'steal':
    case 'logout': {
      const [seen] = imagine(actors, 1, { kind: deed.kind, token: place(deed.back) })
      if (seen) compareAnswer(actors, seen, await present(actors, place(deed.back), deed.kind), count)
      break
    }
    default: {
      const [seen] = imagine(actors, 1, deed)
      if (seen) compareAnswer(actors, seen, await enact(actors, deed), count)
    }
  }
  await compareRow(actors)

  async function enact(
    actors: Actors,
    deed: Exclude<Deed, { kind: 'steal' | 'logout' | 'race' | 'login' }>,
  ): Promise<Answer | null> {
    switch (deed.kind) {
      case 'wait':
        real.clock.advance(deed.ms / 1000)
        return null
      case 'restart':
        await real.restart()
        return null
      case 'share':
        return null
      case 'refresh':
        return present(actors, world.tabs[deed.tab])
      case 'endOthers':
      case 'beEnded': {
        // Another device is there for sure, to be ended or to end.
        const elsewhere = await tokensOf(actors)
        const asks = deed.kind === 'endOthers'
        const answer = await endOthers(actors, deed.by, asks ? actors.access : elsewhere.access_token)
        if (answer.status === 204) {
          count(`${deed.kind} by ${deed.by}`)
          await assertAlone(actors, asks ? actors.session : sessionOf(elsewhere))
        }
        return answer
      }
    }
  }
}

/** The model's steps, held against the invariants; the last one becomes the present. */
function imagine(actors: Actors, times: number, action: Action): Seen[] {
  const steps: Seen[] = []
  for (let time = 0; time < times; time++) {
    const seen = step(actors.of, actors.world, action)
    assert.deepEqual(broken(seen), [])
    actors.world = seen.after
    steps.push(seen)
  }
  return steps
}

const present = ({ real, tokens }: Actors, place: number, kind: 'steal' | 'logout' = 'steal'): Promise<Answer> =>
  real.service.call('POST', `/api/v1/auth/${kind === 'logout' ? 'logout' : 'refresh'}`, { token: tokens[place] ?? '' })

let changes = 0

async function endOthers(actors: Actors, by: 'request' | 'password', token: string): Promise<Answer> {
  const { real, person } = actors
  if (by === 'request') return real.service.call('DELETE', '/api/v1/users/me/sessions', { token })
  const changed = { ...person, password: `next_password_${++changes}` }
  const json = { current_password: person.password, new_password: changed.password }
  const answer = await real.service.call('PUT', '/api/v1/users/me/password', { token, json })
  if (answer.status === 204) actors.person = changed
  // Changed or not, one of the two passwords opens no session.
  const wrong = answer.status === 204 ? person : changed
  assertRefused(await real.service.call('POST', '/api/v1/auth/login', { json: wrong }), 401, 'invalid_credentials')
  return answer
}

function compareAnswer(
  actors: Actors,
  seen: Seen,
  real: Answer | null | undefined,
  count: (name: string) => void,
): void {
  const { answer, given, action, before, presented } = seen
  assert.equal(real?.status, answer?.status)
  if (!answer || !real) return
  if (answer.status === 401) {
    count(`401 ${answer.code}`)
    assert.equal(real.body.code, answer.code)
  }
  if (answer.status !== 200 || given === null || presented === null) return

  const known = actors.tokens[given]
  if (known === undefined) {
    count('200 new')
    assert.ok(!actors.tokens.includes(real.body.refresh_token), 'a new successor is one that nobody was given before')
    actors.tokens[given] = real.body.refresh_token
  } else {
    count('200 again')
    assert.equal(real.body.refresh_token, known, 'the repeated answer is the same token, byte for byte')
  }
  const now = Math.floor(before.now / 1000)
  assert.equal(real.body.refresh_expires_in, answer.token.exp / 1000 - now)
  assert.equal(real.body.expires_in, answer.accessEnd / 1000 - now)
  assert.equal(Date.parse(real.body.session_expires_at), seen.after.service.row.end)
  if (action.kind === 'refresh' && action.heard) actors.access = real.body.access_token
}

async function compareRow({ world, session, real }: Actors): Promise<void> {
  const [row] = await real.service.query<Record<string, Date | number | null>>(
    `SELECT generation, last_used_at, idle_expires_at, expires_at, revoked_at FROM sessions WHERE id = '${session}'`,
  )
  const { generation, usedAt, idleEnd, end, revoked } = world.service.row
  assert.deepEqual(
    { ...row, revoked_at: row?.revoked_at !== null },
    {
      generation,
      last_used_at: new Date(usedAt),
      idle_expires_at: new Date(idleEnd),
      expires_at: new Date(end),
      revoked_at: revoked,
    },
  )
}

/** No session of the person is alive but the one that is named. */
async function assertAlone({ real, person, session }: Actors, alone: string): Promise<void> {
  const live = await real.service.query<{ id: string }>(
    `SELECT sessions.id FROM sessions JOIN users ON users.id = user_id
     WHERE email = '${person.email}' AND revoked_at IS NULL AND idle_expires_at > '${real.clock().toISOString()}'`,
  )
  assert.deepEqual(live, [{ id: alone }], `of session ${session}`)
}
