import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Act } from '../support/fault-proxy.ts'
import { assertUnavailable, type Deed, deeds, does, openScene, recovery, recoveryBound, type Scene } from './scene.ts'

// Longer than a statement may take and than the service waits for its answer.
const late: Act = { delay: 7_000 }

/** All the calls that write, each with the fault at its own commit, at the same time. */
async function strike(scene: Scene, when: 'before' | 'after', act: Act): Promise<Deed[]> {
  const prepared = await Promise.all(Object.values(deeds).map((prepare) => prepare(scene)))
  const faults = prepared.map(({ mark }) => scene.proxy.arm({ when, commitOf: mark }, act))
  for (const answer of await Promise.all(prepared.map((deed) => does(scene, deed)))) assertUnavailable(answer)
  for (const fault of faults) assert.ok(fault.fired)
  return prepared
}

async function eventually(done: () => Promise<boolean>): Promise<void> {
  for (let wait = 0; !(await done()); wait++) {
    assert.ok(wait < 400, 'it does not happen')
    await sleep(25)
  }
}

// They wait for the same bound of the service, each on a service of its own: so all at once.
describe('a database that falls silent under a call that writes', { concurrency: true }, () => {
  const opened = new AsyncDisposableStack()
  const scenes: Scene[] = []
  // One after the other: at once their starts would starve each other.
  before(async () => {
    for (let count = 0; count < 6; count++) scenes.push(opened.use(await openScene()))
  })
  after(() => opened.disposeAsync())
  const own = () => {
    const scene = scenes.pop()
    assert.ok(scene)
    return scene
  }

  it('before the commit reached it: the call is refused and, once the database gave up too, not done', async () => {
    const scene = own()
    const prepared = await strike(scene, 'before', 'silence')
    // What `idle_in_transaction_session_timeout` does ten seconds later.
    await scene.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'idle in transaction'`,
    )
    for (const deed of prepared) {
      assert.equal(await deed.effect(), 0)
      await deed.retry(false)
    }
  })

  it('after the commit, before the answer: the call is refused, done once, and a retry is safe', async () => {
    const scene = own()
    for (const deed of await strike(scene, 'after', 'silence')) {
      assert.equal(await deed.effect(), 1)
      await deed.retry(true)
    }
  })

  it('and hears the commit only after the call was refused: it is done once, and a retry is safe', async () => {
    const scene = own()
    for (const deed of await strike(scene, 'before', late)) {
      await eventually(async () => (await deed.effect()) === 1)
      await deed.retry(true)
    }
  })

  it('and whose answer comes too late: the call is refused, done once, and a retry is safe', async () => {
    const scene = own()
    for (const deed of await strike(scene, 'after', late)) {
      assert.equal(await deed.effect(), 1)
      await deed.retry(true)
    }
  })

  for (const [direction, what] of [
    ['both', 'nothing gets through'],
    ['answers', 'no answer gets through'],
  ] as const) {
    it(`on all connections, ${what}: one call pays for it, and the path being sound, all others are served`, async () => {
      const scene = own()
      const prepared = await Promise.all(Object.values(deeds).map((prepare) => prepare(scene)))
      const [refresh] = prepared.filter(({ path }) => path.endsWith('/refresh'))
      assert.ok(refresh)
      scene.proxy.silence(direction)
      assertUnavailable(await does(scene, refresh))
      await scene.proxy.mend()
      const took = await recovery(scene)
      assert.ok(took < recoveryBound, `served again after ${took} ms`)
      for (const deed of prepared) await deed.retry((await deed.effect()) === 1)
    })
  }
})
