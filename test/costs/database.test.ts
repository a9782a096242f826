import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { startDurablePostgres, type TestPostgres } from '../support/postgres.ts'
import { startService, type TestService } from '../support/service.ts'
import { type Cost, costs, margins, slack, together } from './bounds.ts'
import { arrive, journeyEnv, type Kind, kinds, newPeople, type Person, take } from './journey.ts'
import { type CountedWire, countedWire, type Traffic } from './wire.ts'

const people = 50
/** The first ones make the service's connections, and what it and they prepare once. */
const warmUp = 12

type Measured = Omit<Cost, 'heap'>
const bounded = ['wal', 'sent', 'received', 'answer'] as const

describe('what a request costs the database and the wire', () => {
  let server: TestPostgres
  let wire: CountedWire
  let service: TestService
  let looking: Client
  const sockets: Socket[] = []
  const answered = () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0)
  let costsNow: Record<Kind, Measured>
  let everybody: Person[]

  before(async () => {
    // Whole pages, logged where a checkpoint happens to fall, are the machine's mood.
    server = await startDurablePostgres({ full_page_writes: 'off' })
    const database = await server.createDatabase()
    // The first process makes the keys; the one that is measured does nothing in the background.
    await (await startService({ env: { ...journeyEnv, DATABASE_URL: database.url } })).close()
    wire = await countedWire(database.url)
    service = await startService({ env: { ...journeyEnv, DATABASE_URL: wire.url }, keeps: false })
    service.service.app.server.on('connection', (socket) => sockets.push(socket))
    looking = new Client({ connectionString: database.url })
    await looking.connect()
    for (const kind of kinds) {
      for (const person of warm) await arrive(service.url, kind, person)
      for (const person of warm) await take(service.url, kind, person)
    }
    everybody = newPeople(people)
    const measured = []
    for (const kind of kinds) {
      for (const person of everybody) await arrive(service.url, kind, person)
      measured.push([kind, await measure(kind, everybody)] as const)
    }
    costsNow = Object.fromEntries(measured) as Record<Kind, Measured>
  })
  const warm = newPeople(warmUp)
  after(async () => {
    await looking?.end()
    await service?.close()
    await wire?.close()
    await server?.stop()
  })

  /** Resolves when the service has been asked so many times more. */
  function requests(count: number): Promise<void> {
    const { server } = service.service.app
    return new Promise((resolve) => {
      const seen = () => {
        if (--count > 0) return
        server.off('request', seen)
        resolve()
      }
      server.on('request', seen)
    })
  }

  async function walEnd(): Promise<number> {
    const lsn = `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS "end"`
    return (await looking.query<{ end: number }>(lsn)).rows[0]?.end ?? Number.NaN
  }

  /** Means of all requests; where one took another number of statements than the first, the first one's is no cost. */
  async function measure(kind: Kind, each: readonly Person[]): Promise<Measured> {
    const [start, wal, bytes] = [await wire.traffic(), await walEnd(), answered()]
    const counts = new Set<string>()
    let last: Traffic = start
    for (const person of each) {
      await take(service.url, kind, person)
      const now = await wire.traffic()
      counts.add(`${now.statements - last.statements} in ${now.roundTrips - last.roundTrips}`)
      last = now
    }
    assert.equal(counts.size, 1, `${kind} takes ${[...counts].join(', or ')} round trips`)
    const mean = (total: number) => total / each.length
    return {
      statements: mean(last.statements - start.statements),
      roundTrips: mean(last.roundTrips - start.roundTrips),
      wal: Math.round(mean((await walEnd()) - wal)),
      sent: Math.round(mean(last.bytesSent - start.bytesSent)),
      received: Math.round(mean(last.bytesReceived - start.bytesReceived)),
      answer: Math.round(mean(answered() - bytes)),
    }
  }

  const row = (kind: Kind) => `now: ${/\W/.test(kind) ? `'${kind}'` : kind}: ${JSON.stringify(costsNow[kind])}`

  for (const kind of kinds) {
    it(`${kind}: ${costs[kind]?.statements} statements in ${costs[kind]?.roundTrips} round trips`, (t) => {
      t.diagnostic(row(kind))
      const [now, cost] = [costsNow[kind], costs[kind]]
      assert.deepEqual([now.statements, now.roundTrips], [cost.statements, cost.roundTrips], row(kind))
      for (const name of bounded) {
        const most = cost[name] * (1 + margins[name]) + slack
        assert.ok(now[name] <= most, `${name}: ${now[name]} bytes, ${most.toFixed(0)} at most; ${row(kind)}`)
        // What costs half of its figure has changed, or is not measured any more.
        assert.ok(now[name] >= cost[name] / 2, `${name}: the figure of ${cost[name]} bytes is stale; ${row(kind)}`)
      }
    })
  }

  it(`${together.calls} calls at once share what they can`, async (t) => {
    const crowd = newPeople(together.calls)
    for (const kind of ['register', 'login'] as const) for (const person of crowd) await take(service.url, kind, person)
    for (const kind of ['me', 'refresh'] as const) {
      // Once before, so that each has a connection.
      for (let turn = 0; turn < 2; turn++) {
        const start = await wire.traffic()
        const giveAnswers = wire.hold()
        const arrived = requests(crowd.length)
        const answers = Promise.all(crowd.map((person) => take(service.url, kind, person)))
        await arrived
        // On the service's own event loop, so that it gets as far as the database with all of them.
        await sleep(20)
        giveAnswers()
        await answers
        const statements = (await wire.traffic()).statements - start.statements
        t.diagnostic(`${kind}: ${statements} statements`)
        assert.ok(statements > 0 && statements <= together[kind], `${kind}: ${statements} statements`)
      }
    }
  })

  it('is seen: one statement more, in a round trip of its own', async () => {
    const [person] = everybody.slice(-1)
    const wasteful = () => void service.query('SELECT 1')
    const { server } = service.service.app
    server.prependListener('request', wasteful)
    try {
      const { statements, roundTrips, sent, received } = await measure('jwks', [person as Person])
      assert.deepEqual([statements, roundTrips], [1, 1])
      assert.ok(sent > 'SELECT 1'.length && received > 'SELECT 1'.length)
    } finally {
      server.off('request', wasteful)
    }
  })

  it('is seen: statements that go together, and a row of a thousand bytes', async () => {
    const client = new Client({ connectionString: wire.url })
    await client.connect()
    try {
      await client.query('CREATE TABLE waste (bytes text)')
      const [start, wal] = [await wire.traffic(), await walEnd()]
      await client.query(`INSERT INTO waste SELECT repeat('x', 1000); SELECT 1`)
      const now = await wire.traffic()
      assert.equal(now.roundTrips - start.roundTrips, 1)
      const written = (await walEnd()) - wal
      assert.ok(written >= 1000 && written < 1500, `${written} bytes`)
    } finally {
      await client.end()
    }
  })
})
