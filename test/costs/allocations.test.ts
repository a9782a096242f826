import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startDurablePostgres, type TestPostgres } from '../support/postgres.ts'
import type { Allocated, Order } from './allocating-service.ts'
import { costs, margins } from './bounds.ts'
import { arrive, journeyEnv, type Kind, kinds, newPeople, type Person, take } from './journey.ts'

/** Each kind of request is made once by all of them in a round. */
const people = 25
const rounds = 3
/** Before the first round counts, each kind is made so often that its code is compiled. */
const warmUps = 4

const parts = ['heap', 'outside'] as const
type Cost = Readonly<Record<(typeof parts)[number], number>>

describe("what a request costs the service's memory", () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-costs-'))
  let server: TestPostgres
  let service: ChildProcess
  let url: string
  const measured = new Map<Kind, Cost[]>()

  const ended = new AbortController()
  const told = async () => (await once(service, 'message', { signal: ended.signal }))[0]
  const ask = (order: Order): Promise<Allocated> => {
    service.send(order)
    return told()
  }

  before(async () => {
    server = await startDurablePostgres({ full_page_writes: 'off' })
    const database = await server.createDatabase()
    service = fork(fileURLToPath(new URL('allocating-service.ts', import.meta.url)), [], {
      execArgv: ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'],
      // Counting coverage allocates, so this process is not asked for it.
      env: { PATH: process.env.PATH, DATABASE_URL: database.url, DATA_DIR: dataDir, ...journeyEnv },
    })
    service.once('exit', () => ended.abort(new Error('the service has ended')))
    url = (await told()).url
    for (let round = 0; round < warmUps + rounds; round++) {
      const everybody = newPeople(people)
      for (const kind of kinds) {
        const cost = await costOf(kind, everybody)
        if (round >= warmUps) measured.set(kind, [...(measured.get(kind) ?? []), cost])
      }
    }
  })
  after(async () => {
    service?.disconnect()
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function costOf(kind: Kind, everybody: readonly Person[]): Promise<Cost> {
    await Promise.all(everybody.map((person) => arrive(url, kind, person)))
    const start = await ask({ order: 'collect' })
    for (const person of everybody) await take(url, kind, person)
    const end = await ask({ order: 'tell' })
    assert.equal(end.collections, start.collections, 'nothing may be collected while requests are counted')
    const mean = (part: (typeof parts)[number]) => Math.round((end[part] - start[part]) / everybody.length)
    return { heap: mean('heap'), outside: mean('outside') }
  }

  for (const kind of kinds) {
    it(`${kind}: ${costs[kind].heap} bytes of the heap`, (t) => {
      for (const part of parts) {
        const values = (measured.get(kind) ?? []).map((cost) => cost[part])
        t.diagnostic(`${part}: ${Math.min(...values)} bytes, ${Math.max(...values)} in the worst round`)
      }
      const [figure, least] = [costs[kind].heap, Math.min(...(measured.get(kind) ?? []).map(({ heap }) => heap))]
      const most = figure * (1 + margins.heap)
      assert.ok(least <= most, `${least} bytes, ${most.toFixed(0)} at most`)
      // What costs half of its figure has changed, or is not measured any more.
      assert.ok(least >= figure / 2, `the figure of ${figure} bytes is stale: ${least}`)
    })
  }

  it('is seen: ten thousand bytes more', async () => {
    const everybody = newPeople(people)
    const [before] = [await costOf('jwks', everybody)]
    await ask({ order: 'waste', bytes: 10_000 })
    const wasteful = await costOf('jwks', everybody)
    await ask({ order: 'waste', bytes: 0 })
    const more = wasteful.heap - before.heap
    assert.ok(more > 9_000 && more < 12_000, `${more} bytes`)
  })
})
