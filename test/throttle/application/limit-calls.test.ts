import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditEvent } from '../../../src/audit/index.ts'
import { limitCalls, type Want } from '../../../src/throttle/application/limit-calls.ts'
import type { Answer, Ask } from '../../../src/throttle/application/ports.ts'
import { type Limit, stepOf, waitFor } from '../../../src/throttle/domain/limit.ts'
import { testClock } from '../../support/clock.ts'

const exact: Limit = { name: 'exact', quota: 5, window: 10, share: 1 }
const shared: Limit = { name: 'shared', quota: 40, window: 40, share: 4 }
const caller = { ip: '192.0.2.1', userAgent: null, requestId: 'f'.repeat(32) }

/** The limiter over one store that does what the arithmetic of the domain says, and what it asked and told. */
function world(atMost?: number) {
  const clock = testClock()
  const asked: string[] = []
  const told: AuditEvent[] = []
  const fullAt = new Map<string, Date>()
  let fault: Error | null = null
  const buckets = {
    async take(asks: readonly Ask[], now: Date): Promise<Answer[]> {
      asked.push(asks.map(({ key, units }) => `${key}:${units}`).join('+'))
      if (fault) throw fault
      const waits = asks.map((ask) => waitFor(ask.limit, ask.units, fullAt.get(ask.key) ?? now, now))
      const all = waits.every((wait) => wait === 0)
      return asks.map((ask, index) => {
        const before = Math.max((fullAt.get(ask.key) ?? now).getTime(), now.getTime())
        const then = new Date(before + (all ? ask.units * stepOf(ask.limit) : 0))
        fullAt.set(ask.key, then)
        return { fullAt: then, enough: waits[index] === 0 }
      })
    },
    refund: async () => undefined,
    purge: async () => 0,
  }
  const audit = { record: async () => undefined, note: async (event: AuditEvent) => void told.push(event) }
  const take = limitCalls({ buckets, audit, clock, ...(atMost && { atMost }) })
  return {
    ...{ clock, asked, told },
    break: (error: Error | null) => {
      fault = error
    },
    take: (...wants: Want[]) => take(wants, caller),
    async times(count: number, want: Want) {
      const verdicts = []
      for (let index = 0; index < count; index++) verdicts.push(await take([want], caller))
      return verdicts
    },
  }
}
const want = (limit: Limit, key: string): Want => ({ limit, key })
const through = (verdicts: readonly { enough: boolean }[]) => verdicts.filter(({ enough }) => enough).length

describe('limiting calls', () => {
  it('asks the store for each unit of a limit that counts exactly', async () => {
    const { take, asked } = world()
    assert.deepEqual(await take(want(exact, 'a')), { enough: true, standing: { remaining: 4, resetAfter: 2 } })
    assert.deepEqual(await take(want(exact, 'a')), { enough: true, standing: { remaining: 3, resetAfter: 4 } })
    assert.deepEqual(asked, ['a:1', 'a:1'])
  })

  it('asks for all that a call needs at once, and says where the first stands', async () => {
    const { take, asked } = world()
    await take(want(exact, 'a'))
    const verdict = await take(want(exact, 'a'), want(exact, 'b'))
    assert.deepEqual(verdict, { enough: true, standing: { remaining: 3, resetAfter: 4 } })
    assert.deepEqual(asked, ['a:1', 'a:1+b:1'])
  })

  it('refuses with the limit that was used up, and with the seconds until a unit is back', async () => {
    const { take, times } = world()
    await times(5, want(exact, 'b'))
    assert.deepEqual(await take(want(exact, 'a'), want(exact, 'b')), { enough: false, limit: exact, retryAfter: 2 })
  })

  it('refuses from memory what was found used up, until a unit is back, and not a moment longer', async () => {
    const { times, take, asked, clock } = world()
    await times(6, want(exact, 'a'))
    assert.equal(asked.length, 6)
    clock.advance(1)
    assert.deepEqual(await take(want(exact, 'a')), { enough: false, limit: exact, retryAfter: 1 })
    assert.deepEqual(await take(want(exact, 'b'), want(exact, 'a')), { enough: false, limit: exact, retryAfter: 1 })
    assert.equal(asked.length, 6)
    clock.advance(1)
    assert.equal((await take(want(exact, 'a'))).enough, true)
    assert.equal(asked.length, 7)
  })

  it('tells the audit log of a caller who is refused once a minute, however often they call', async () => {
    const { times, told, clock } = world()
    await times(50, want(exact, 'a'))
    await times(50, want(exact, 'b'))
    assert.equal(told.length, 2)
    const [first] = told
    assert.deepEqual(first, { ...first, kind: 'rate_limited', subject: 'exact', userId: null, sessionId: null, caller })
    assert.deepEqual(first?.at, clock())
    clock.advance(59)
    await times(50, want(exact, 'a'))
    assert.equal(told.length, 2)
    clock.advance(1)
    await times(50, want(exact, 'a'))
    assert.equal(told.length, 3)
  })

  it('settles a share together, so that who calls now and then costs nothing', async () => {
    const { times, asked, clock } = world()
    await times(3, want(shared, 'a'))
    assert.deepEqual(asked, [])
    await times(1, want(shared, 'a'))
    assert.deepEqual(asked, ['a:4'])
    for (let minute = 0; minute < 20; minute++) {
      clock.advance(60)
      await times(1, want(shared, 'a'))
    }
    assert.deepEqual(asked, ['a:4'])
  })

  it('says where a caller stands with what is not settled yet', async () => {
    const { times } = world()
    const standings = (await times(6, want(shared, 'a'))).map((verdict) => verdict.enough && verdict.standing.remaining)
    assert.deepEqual(standings, [39, 38, 37, 36, 35, 34])
  })

  it('gives out the quota of a shared limit and no more, in one process', async () => {
    const { times } = world()
    assert.equal(through(await times(200, want(shared, 'a'))), 40 + (shared.share - 1))
  })

  it('keeps what it gave out where the store fails, and lets the fault through', async () => {
    const { times, asked, break: breaks } = world()
    await times(3, want(shared, 'a'))
    breaks(new Error('no answer'))
    await assert.rejects(times(1, want(shared, 'a')), /no answer/)
    await assert.rejects(times(1, want(exact, 'b')), /no answer/)
    breaks(null)
    await times(1, want(shared, 'a'))
    assert.deepEqual(asked, ['a:4', 'b:1', 'a:4'])
  })

  it('remembers so many buckets and no more, the newest', async () => {
    const { times, asked } = world(2)
    await times(6, want(exact, 'a'))
    await times(1, want(shared, 'b'))
    await times(1, want(shared, 'c'))
    asked.length = 0
    assert.equal(through(await times(1, want(exact, 'a'))), 0)
    assert.deepEqual(asked, ['a:1'], 'the one that was forgotten is asked for again')
  })

  it('forgets none of a share that is given out for a limit that counts exactly, whether its store answers or not', async () => {
    for (const fault of [null, new Error('no answer')]) {
      const { times, asked, break: breaks } = world(1)
      await times(2, want(shared, 'b'))
      breaks(fault)
      await times(1, want(exact, 'a')).catch((error) => assert.equal(error, fault))
      breaks(null)
      await times(2, want(shared, 'b'))
      assert.deepEqual(asked, ['a:1', 'b:4'])
    }
  })

  for (const [seconds, settled] of [
    [39.999, ['a:4']],
    [40, []],
  ] as const) {
    it(`${settled.length > 0 ? 'settles' : 'lets go'} what it gave out ${seconds} s ago, of a window of 40 s`, async () => {
      const { times, asked, clock } = world()
      await times(3, want(shared, 'a'))
      clock.advance(seconds)
      await times(1, want(shared, 'a'))
      assert.deepEqual(asked, settled)
    })
  }

  it('says where the first stands, also when only another is asked for', async () => {
    const verdict = await world().take(want(shared, 'a'), want(exact, 'b'))
    assert.deepEqual(verdict, { enough: true, standing: { remaining: 39, resetAfter: 1 } })
  })

  it('takes a call that needs nothing for a mistake', async () => {
    await assert.rejects(world().take(), { message: 'nothing was asked for' })
  })
})
