import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import type { Allocated, Order } from './allocating-service.ts'
import { promoted } from './bounds.ts'
import { journeyEnv, newPeople, take } from './journey.ts'

/** Who ask at once, each one request after the other. */
const people = 8
const requests = 4_000

describe('what is dead after its answer', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-promotions-'))
  let server: TestPostgres
  let service: ChildProcess
  let url: string

  const ended = new AbortController()
  const told = async () => (await once(service, 'message', { signal: ended.signal }))[0]
  const ask = (order: Order): Promise<Allocated> => {
    service.send(order)
    return told()
  }

  before(async () => {
    server = await startPostgres()
    const database = await server.createDatabase()
    service = fork(fileURLToPath(new URL('allocating-service.ts', import.meta.url)), [], {
      execArgv: ['--expose-gc', '--max-semi-space-size=1', '--no-parallel-scavenge'],
      env: { PATH: process.env.PATH, DATABASE_URL: database.url, DATA_DIR: dataDir, ...journeyEnv, RATE_LIMIT: 'off' },
    })
    service.once('exit', () => ended.abort(new Error('the service has ended')))
    url = (await told()).url
  })
  after(async () => {
    service?.disconnect()
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  for (const kind of ['me', 'refresh'] as const) {
    it(`is gone with the young generation, but for ${promoted[kind]} bytes of each ${kind}`, async (t) => {
      const everybody = newPeople(people)
      for (const person of everybody) {
        await take(url, 'register', person)
        await take(url, 'login', person)
      }
      const all = () =>
        Promise.all(
          everybody.map(async (person) => {
            for (let count = 0; count < requests / people; count++) await take(url, kind, person)
          }),
        )
      const count = async () => {
        const start = await ask({ order: 'collect' })
        await all()
        return [start, await ask({ order: 'tell' })] as const
      }
      await all()
      let [start, end] = await count()
      // V8 now and then collects the whole heap without need.
      for (let time = 0; time < 2 && end.marked !== start.marked; time++) [start, end] = await count()
      assert.ok(end.collections > start.collections, 'the young generation is collected meanwhile')
      assert.equal(end.marked, start.marked, 'the whole heap may not be collected while it is counted')
      const each = (end.old - start.old) / requests
      t.diagnostic(`${each.toFixed(0)} bytes`)
      assert.ok(each <= promoted[kind], `${each.toFixed(0)} bytes`)
    })
  }
})
