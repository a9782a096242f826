import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shareUnits } from '../../../src/throttle/application/share-units.ts'
import type { Limit } from '../../../src/throttle/domain/limit.ts'
import { caller, through, want, world as worldOf } from './world.ts'

const limit: Limit = { name: 'shared', quota: 40, window: 40, share: 4 }

function world(atMost?: number) {
  const { take, ...rest } = worldOf()
  const share = shareUnits({ take, clock: rest.clock, ...(atMost && { atMost }) })
  const once = (key = 'a') => share(want(limit, key), caller)
  return {
    ...rest,
    once,
    async times(count: number, key?: string) {
      const verdicts = []
      for (let index = 0; index < count; index++) verdicts.push(await once(key))
      return verdicts
    },
    atOnce: (count: number) => Promise.all(Array.from({ length: count }, () => once())),
  }
}

describe('a share of a quota', () => {
  it('is given out first and settled with its last unit, so that who calls now and then costs nothing', async () => {
    const { times, asked, clock } = world()
    await times(3)
    assert.deepEqual(asked, [])
    await times(1)
    assert.deepEqual(asked, ['a:4'])
    for (let minute = 0; minute < 20; minute++) {
      clock.advance(60)
      await times(1)
    }
    assert.deepEqual(asked, ['a:4'])
  })

  it('says where a caller stands with what is not settled yet', async () => {
    const { times } = world()
    const standings = (await times(6)).map((verdict) => (verdict.enough ? verdict.standing : null))
    assert.deepEqual(
      standings.map((standing) => standing?.remaining),
      [39, 38, 37, 36, 35, 34],
    )
    assert.deepEqual(standings[5], { remaining: 34, resetAfter: 6 })
  })

  for (const [how, run] of [
    ['one after the other', (one: ReturnType<typeof world>) => one.times(200)],
    ['at one moment', (one: ReturnType<typeof world>) => one.atOnce(1000)],
  ] as const) {
    it(`lets the quota through ${how}, and less than a share beyond it, and shuts nobody out for longer than that`, async () => {
      const one = world()
      const verdicts = await run(one)
      assert.ok(through(verdicts) >= 40 && through(verdicts) < 40 + limit.share, `${through(verdicts)} came through`)
      for (const verdict of verdicts) assert.ok(verdict.enough || verdict.retryAfter <= limit.share)
      assert.ok(one.asked.every((ask) => ask === 'a:4'))
      one.clock.advance(limit.share)
      assert.equal((await one.once()).enough, true)
    })
  }

  it('has all who come during a settlement wait for it', async () => {
    const { atOnce, asked } = world()
    assert.equal(through(await atOnce(8)), 8)
    assert.deepEqual(asked, ['a:4', 'a:4'])
  })

  it('is kept where the store fails, and the fault goes to all who wait, at once', async () => {
    const { atOnce, times, asked, break: breaks } = world()
    await times(3)
    breaks(new Error('no answer'))
    for (const call of await Promise.allSettled([atOnce(50), times(1)])) assert.equal(call.status, 'rejected')
    assert.deepEqual(asked, ['a:4'])
    breaks(null)
    await times(1)
    assert.deepEqual(asked, ['a:4', 'a:4'])
  })

  for (const [seconds, settled] of [
    [39.999, ['a:4']],
    [40, []],
  ] as const) {
    it(`${settled.length > 0 ? 'is settled with' : 'lets go'} what was given out ${seconds} s ago, of a window of 40 s`, async () => {
      const { times, asked, clock } = world()
      await times(3)
      clock.advance(seconds)
      await times(1)
      assert.deepEqual(asked, settled)
    })
  }

  it('is remembered of so many quotas, those that were asked for last', async () => {
    const { times, asked } = world(2)
    await times(3, 'a')
    await times(3, 'b')
    await times(1, 'a')
    await times(1, 'c')
    await times(1, 'b')
    assert.deepEqual(asked, ['a:4'], 'that of b began anew')
  })
})
