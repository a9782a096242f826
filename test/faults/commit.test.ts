import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  assertUnavailable,
  type Deed,
  deeds,
  does,
  openScene,
  type Prepare,
  recovery,
  recoveryBound,
  type Scene,
} from './scene.ts'

describe('a connection to the database that breaks under a call that writes', () => {
  let scene: Scene
  before(async () => {
    scene = await openScene()
  })
  after(() => scene[Symbol.asyncDispose]())

  for (const [name, prepare] of Object.entries(deeds)) isSafe(name, prepare, () => scene)

  it('is refused at once while nobody listens, and served again soon without a restart', async () => {
    const prepared = await Promise.all(Object.values(deeds).map((prepare) => prepare(scene)))
    await scene.proxy.refuse()
    for (const answer of await Promise.all(prepared.map((deed) => does(scene, deed)))) assertUnavailable(answer)
    assertUnavailable(await scene.service.call('GET', '/health/ready'))
    assert.equal((await scene.service.call('GET', '/health/live')).status, 200)
    for (const deed of prepared) assert.equal(await deed.effect(), 0)
    await scene.proxy.mend()
    const took = await recovery(scene)
    assert.ok(took < recoveryBound, `served again after ${took} ms`)
    for (const deed of prepared) await deed.retry(false)
  })
})

describe('a connection that breaks under a login while limits are on', () => {
  let scene: Scene
  before(async () => {
    scene = await openScene(undefined, { RATE_LIMIT: 'on' })
  })
  after(() => scene[Symbol.asyncDispose]())

  const login: Prepare = async (scene) => {
    // All come from one address, whose quotas are whole again by then.
    scene.service.clock.advance(3600)
    assert.ok(deeds.login)
    return deeds.login(scene)
  }
  isSafe('login', login, () => scene)

  for (const [where, of] of [
    ['before its attempt is counted', () => 'login_streak_decoys'],
    ['before its session is committed', ({ mark }: Deed) => mark],
  ] as const) {
    it(`${where}, however often, uses up no quota`, async () => {
      const deed = await login(scene)
      for (let time = 0; time < 12; time++) {
        const fault = scene.proxy.arm({ when: 'before', commitOf: of(deed) }, 'cut')
        assertUnavailable(await does(scene, deed))
        assert.ok(fault.fired)
      }
      assert.equal((await scene.query('SELECT FROM login_streaks WHERE known + elsewhere > 0')).length, 0)
      await deed.retry(false)
    })
  }
})

/** What holds of every deed. */
function isSafe(name: string, prepare: Prepare, scene: () => Scene): void {
  it(`${name}: cut before the commit reaches the server, it is refused and not done`, async () => {
    const deed = await prepare(scene())
    const fault = scene().proxy.arm({ when: 'before', commitOf: deed.mark }, 'cut')
    assertUnavailable(await does(scene(), deed))
    assert.ok(fault.fired)
    assert.equal(await deed.effect(), 0)
    await deed.retry(false)
  })

  it(`${name}: cut after the commit and before its answer, it is refused, done once, and a retry is safe`, async () => {
    const deed = await prepare(scene())
    const fault = scene().proxy.arm({ when: 'after', commitOf: deed.mark }, 'cut')
    assertUnavailable(await does(scene(), deed))
    assert.ok(fault.fired)
    assert.equal(await deed.effect(), 1)
    await deed.retry(true)
  })

  it(`${name}: cut at any round trip, on its way there or back, it is done once or not at all`, async () => {
    for (const when of ['before', 'after'] as const) {
      let refused = 0
      for (let trip = 1, last = false; !last; trip++) {
        const deed = await prepare(scene())
        const fault = scene().proxy.arm({ when, trip }, 'cut')
        const answer = await does(scene(), deed)
        fault.disarm()
        last = !fault.fired
        if (!(await isTrue(answer.status, deed))) {
          refused++
          assertUnavailable(answer)
        }
        await deed.retry((await deed.effect()) === 1)
      }
      assert.ok(refused > 0)
    }
  })
}

/** Whether it was answered as a success, which then is true. */
async function isTrue(status: number, deed: Deed): Promise<boolean> {
  if (status !== deed.success) return false
  assert.equal(await deed.effect(), 1, 'what was answered as done is done')
  return true
}
