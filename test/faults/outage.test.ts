import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { run, said } from '../support/command-line.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type DurablePostgres, startDurablePostgres, startPostgres } from '../support/postgres.ts'
import { processEnv } from '../support/processes.ts'
import { assertUnavailable, type Deed, deeds, does, openScene, recovery, recoveryBound, type Scene } from './scene.ts'

const prepareAll = async (scene: Scene, times = 1): Promise<Deed[]> => {
  const prepared: Deed[] = []
  for (let time = 0; time < times; time++) {
    for (const prepare of Object.values(deeds)) prepared.push(await prepare(scene))
  }
  return prepared
}

/** Does all of them at once while `act` strikes: each is answered as done or refused as unavailable. */
async function settle(scene: Scene, prepared: readonly Deed[], act: () => Promise<unknown>) {
  const answers = prepared.map((deed) => does(scene, deed))
  await act()
  const truly = new Set<Deed>()
  let refused = 0
  for (const [index, deed] of prepared.entries()) {
    const answer = await answers[index]
    assert.ok(answer)
    if (answer.status === deed.success) truly.add(deed)
    else {
      assertUnavailable(answer)
      refused++
    }
  }
  return { truly, refused }
}

/** What was answered as done is done; what was refused was done once or not at all; a retry is safe. */
async function assertOnceAtMost(prepared: readonly Deed[], truly: ReadonlySet<Deed> = new Set()): Promise<void> {
  for (const deed of prepared) {
    const effect = await deed.effect()
    assert.ok(effect === 1 || (effect === 0 && !truly.has(deed)), `done ${effect} times`)
    await deed.retry(effect === 1)
  }
}

describe('connections that the database ends under calls that write', () => {
  it('refuse what was not done, and the service goes on', async () => {
    await using scene = await openScene()
    const prepared = await prepareAll(scene, 2)
    const { refused, truly } = await settle(scene, prepared, async () => {
      for (let round = 0; round < 15; round++) {
        await scene.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'latchkey'`,
        )
      }
    })
    assert.ok(refused > 0, 'none was struck')
    const took = await recovery(scene)
    assert.ok(took < recoveryBound, `served again after ${took} ms`)
    await assertOnceAtMost(prepared, truly)
  })
})

describe('a database server that is stopped and started', () => {
  let server: DurablePostgres
  let scene: Scene
  before(async () => {
    server = await startDurablePostgres()
    scene = await openScene(server)
  })
  after(async () => {
    await scene?.[Symbol.asyncDispose]()
    await server?.stop()
  })

  for (const how of ['fast', 'immediate', 'kill'] as const) {
    it(`${how}: refused while it is down, served again soon, all that was answered is there`, async () => {
      const flying = await prepareAll(scene)
      const grounded = await prepareAll(scene)
      const { truly } = await settle(scene, flying, () => server.down(how))
      for (const answer of await Promise.all(grounded.map((deed) => does(scene, deed)))) assertUnavailable(answer)
      assertUnavailable(await scene.service.call('GET', '/health/ready'))
      assert.equal((await scene.service.call('GET', '/health/live')).status, 200)

      await server.up()
      const took = await recovery(scene)
      assert.ok(took < recoveryBound, `served again after ${took} ms`)
      for (const deed of grounded) assert.equal(await deed.effect(), 0)
      await assertOnceAtMost([...flying, ...grounded], truly)
      assert.equal((await scene.service.call('GET', '/health/ready')).status, 200)
    })
  }
})

describe('a process whose database has fallen silent', () => {
  it('answers what is in flight and ends when it is asked to', async () => {
    await using postgres = await startPostgres()
    await using database = await postgres.createDatabase()
    await using proxy = await startFaultProxy(database.url)
    const own = run({ ...processEnv, DATABASE_URL: proxy.url })
    const { address } = await said(own, 'ready')
    const ask = (path: string) => fetch(new URL(path, String(address)))
    // More than one connection, so that some are idle when it falls silent.
    await Promise.all([1, 2, 3].map(() => ask('/health/ready')))
    proxy.silence('both')
    const flying = ask('/health/ready')
    await ask('/health/live')
    own.child.kill('SIGTERM')
    assert.equal((await flying).status, 503)
    assert.equal(await own.ended, 0)
  })
})
