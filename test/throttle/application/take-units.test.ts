import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UserId } from '../../../src/kernel/ids.ts'
import type { Want } from '../../../src/throttle/application/take-units.ts'
import type { Limit } from '../../../src/throttle/domain/limit.ts'
import { caller, through, want, world as worldOf } from './world.ts'

const limit: Limit = { name: 'exact', quota: 5, window: 10, share: 1 }
const one = (key: string) => want(limit, key)

function world(atMost?: number) {
  const { take, ...rest } = worldOf(atMost)
  return {
    ...rest,
    take: async (...wants: Want[]) => {
      const { fullAt: _, ...verdict } = { fullAt: null, ...(await take(wants, caller)) }
      return verdict
    },
    async times(count: number, wanted: Want) {
      const verdicts = []
      for (let index = 0; index < count; index++) verdicts.push(await take([wanted], caller))
      return verdicts
    },
  }
}

describe('taking units', () => {
  it('asks the store for each, and says where that leaves the caller', async () => {
    const { take, asked } = world()
    assert.deepEqual(await take(one('a')), { enough: true, standing: { remaining: 4, resetAfter: 2 } })
    assert.deepEqual(await take(one('a')), { enough: true, standing: { remaining: 3, resetAfter: 4 } })
    assert.deepEqual(asked, ['a:1', 'a:1'])
  })

  it('asks for all that a call needs at once, and says where the first stands', async () => {
    const { take, asked } = world()
    await take(one('a'))
    assert.deepEqual(await take(one('a'), one('b')), { enough: true, standing: { remaining: 3, resetAfter: 4 } })
    assert.deepEqual(asked, ['a:1', 'a:1+b:1'])
  })

  it('refuses with the limit that was used up, and with the seconds until a unit is back', async () => {
    const { take, times } = world()
    await times(5, one('b'))
    assert.deepEqual(await take(one('a'), one('b')), { enough: false, limit, retryAfter: 2 })
  })

  it('refuses from memory what was found used up, until a unit is back, and not a moment longer', async () => {
    const { times, take, asked, clock } = world()
    await times(6, one('a'))
    assert.equal(asked.length, 6)
    clock.advance(1)
    assert.deepEqual(await take(one('a')), { enough: false, limit, retryAfter: 1 })
    assert.deepEqual(await take(one('b'), one('a')), { enough: false, limit, retryAfter: 1 })
    assert.equal(asked.length, 6)
    clock.advance(0.999)
    assert.deepEqual(await take(one('a')), { enough: false, limit, retryAfter: 1 })
    clock.advance(0.001)
    assert.equal((await take(one('a'))).enough, true)
    assert.equal(asked.length, 7)
  })

  it('asks for a unit from the moment on at which it is back, though it asked a second before', async () => {
    const { times, take, asked, clock } = world()
    const quick = want({ ...limit, window: 5 }, 'a')
    await times(6, quick)
    asked.length = 0
    clock.advance(0.999)
    assert.equal((await take(quick)).enough, false)
    assert.deepEqual(asked, [])
    clock.advance(0.001)
    assert.equal((await take(quick)).enough, true)
    assert.deepEqual(asked, ['a:1'])
  })

  it('asks every two seconds, once, whether somebody gave a used-up quota back', async () => {
    const { times, take, asked, clock, giveBack } = world()
    const slow = want({ ...limit, window: 5000 }, 'a')
    await times(6, slow)
    asked.length = 0
    clock.advance(1.999)
    assert.deepEqual(await take(slow), { enough: false, limit: slow.limit, retryAfter: 999 })
    assert.deepEqual(asked, [])
    clock.advance(0.001)
    const refused = await Promise.all(Array.from({ length: 50 }, () => take(slow)))
    assert.deepEqual(refused, Array(50).fill({ enough: false, limit: slow.limit, retryAfter: 998 }))
    assert.deepEqual(asked, ['a:1'])
    giveBack('a')
    clock.advance(1.999)
    assert.equal((await take(slow)).enough, false)
    clock.advance(0.001)
    assert.equal(through(await times(9, slow)), 5, 'and then whoever comes asks')
  })

  it('asks at once where the clock was set back by more than that', async () => {
    const { times, take, asked, clock, giveBack } = world()
    const slow = want({ ...limit, window: 5000 }, 'a')
    await times(6, slow)
    giveBack('a')
    asked.length = 0
    clock.advance(-2)
    assert.equal((await take(slow)).enough, true)
    assert.deepEqual(asked, ['a:1'])
  })

  it('tells the audit log of each who is refused, under one key for each quota, and whose quota it is', async () => {
    const { times, told, clock } = world()
    await times(7, one('a'))
    await times(6, { ...one('b'), userId: 7 as UserId })
    const event = { kind: 'rate_limited', at: clock(), subject: 'exact', sessionId: null, caller }
    assert.deepEqual(told, [
      ...Array(2).fill({ ...event, userId: null, key: 'rate_limited a' }),
      { ...event, userId: 7, key: 'rate_limited b' },
    ])
  })

  it('has it looked up whose quota was used up, where that is not known', async () => {
    const { times, told } = world()
    await times(6, { ...one('a'), whose: async () => 7 as UserId })
    assert.deepEqual(
      told.map(({ userId }) => userId),
      [7],
    )
  })

  it('lets the fault of a store through, and nobody with it', async () => {
    const { take, break: breaks } = world()
    breaks(new Error('no answer'))
    await assert.rejects(take(one('a')), /no answer/)
    breaks(null)
    assert.equal((await take(one('a'))).enough, true)
  })

  it('remembers of so many quotas that they are used up, those that were asked for last', async () => {
    const { times, take, asked } = world(2)
    for (const key of ['a', 'b']) await times(6, one(key))
    assert.equal((await take(one('a'))).enough, false)
    await times(6, one('c'))
    asked.length = 0
    assert.equal(through([await take(one('a')), await take(one('c'))]), 0)
    assert.deepEqual(asked, [])
    assert.equal((await take(one('b'))).enough, false)
    assert.deepEqual(asked, ['b:1'], 'the one that was forgotten is asked for again')
  })

  it('forgets no used-up quota for those of which there is enough', async () => {
    const { times, take, asked } = world(2)
    for (const key of ['a', 'b']) await times(6, one(key))
    assert.equal((await take(one('c'))).enough, true)
    asked.length = 0
    assert.equal(through([await take(one('a')), await take(one('b'))]), 0)
    assert.deepEqual(asked, [])
  })

  it('remembers each that is used up, of several that a refused call needs', async () => {
    const { times, take, asked, clock } = world()
    const [a, b] = ['a', 'b'].map((key) => want({ ...limit, window: 5000 }, key)) as [Want, Want]
    for (const each of [a, b]) await times(6, each)
    clock.advance(2)
    assert.equal((await take(a, b)).enough, false)
    asked.length = 0
    assert.equal((await take(b)).enough, false)
    assert.deepEqual(asked, [])
  })

  it('takes a call that needs nothing for a mistake', async () => {
    await assert.rejects(world().take(), { message: 'nothing was asked for' })
  })
})
