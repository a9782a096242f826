import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dampNotes } from '../../src/audit/application/damp-notes.ts'
import type { AuditEvent, AuditKind } from '../../src/audit/index.ts'
import type { UserId } from '../../src/kernel/ids.ts'
import { testClock } from '../support/clock.ts'

function damping(options: { bound?: number; perMinute?: number } = {}) {
  const clock = testClock()
  const events: AuditEvent[] = []
  let hold: Promise<void> = Promise.resolve()
  const note = async (event: AuditEvent) => {
    await hold
    events.push(event)
  }
  const noteOnce = dampNotes({ note, ...options })
  return {
    clock,
    events,
    until: (promise: Promise<void>) => {
      hold = promise
    },
    noteOnce,
    happens: (key: string, kind: AuditKind = 'rate_limited') =>
      noteOnce(key, { kind, at: clock(), userId: null, sessionId: null, caller: null, subject: 'what' }),
  }
}

describe('what happens over and over', () => {
  it('is on record once a minute, each key by itself', async () => {
    const { clock, events, happens } = damping()
    for (let second = 0; second < 180; second++) {
      await happens('a')
      if (second < 60) await happens('b')
      clock.advance(1)
    }
    assert.equal(events.length, 4)
  })

  it('is looked up once for whom it concerns, when it is put on record', async () => {
    const { clock, events, noteOnce } = damping()
    let asked = 0
    const whose = async () => {
      asked++
      return 7 as UserId
    }
    const event = { kind: 'rate_limited', at: clock(), userId: null, sessionId: null, caller: null } as const
    await Promise.all([noteOnce('a', event, whose), noteOnce('a', event, whose)])
    await noteOnce('a', event, whose)
    assert.deepEqual([asked, events], [1, [{ ...event, userId: 7 }]])
    await assert.rejects(noteOnce('b', event, () => Promise.reject(new Error('no database'))))
    await noteOnce('b', event, whose)
    assert.equal(events.length, 2)
  })

  it('is answered to nobody before it is on record', async () => {
    const { events, happens, until } = damping()
    const { promise, resolve } = Promise.withResolvers<void>()
    until(promise)
    let answered = 0
    const calls = [happens('a'), happens('a'), happens('a')].map((call) => call.then(() => answered++))
    await new Promise(setImmediate)
    assert.deepEqual([answered, events.length], [0, 0])
    resolve()
    await Promise.all(calls)
    assert.deepEqual([answered, events.length], [3, 1])
  })

  it('fails for all who wait where it could not be recorded, and is tried again at once', async () => {
    const { events, happens, until } = damping()
    const { promise, reject } = Promise.withResolvers<void>()
    until(promise)
    const calls = [happens('a'), happens('a')]
    reject(new Error('no database'))
    for (const call of calls) await assert.rejects(call, /no database/)
    until(Promise.resolve())
    await happens('a')
    assert.equal(events.length, 1)
  })

  it('is bounded for each kind in a minute, and the last of them says that there were more', async () => {
    const { clock, events, happens } = damping({ perMinute: 3 })
    for (let key = 0; key < 10; key++) await happens(`${key}`)
    await happens('other', 'token_refused')
    assert.deepEqual(
      events.map(({ kind, subject }) => `${kind}: ${subject}`),
      [
        'rate_limited: what',
        'rate_limited: what',
        'rate_limited: what, and more that are left out',
        'token_refused: what',
      ],
    )
    clock.advance(60)
    await happens('10')
    assert.equal(events.length, 5)
  })

  it('is forgotten the longest ago where too much is to be remembered', async () => {
    const { clock, events, happens } = damping({ bound: 2 })
    await happens('a')
    clock.advance(10)
    await happens('b')
    clock.advance(50)
    // On record again, and so no longer the one that was longest ago.
    await happens('a')
    await happens('c')
    assert.equal(events.length, 4)
    for (const key of ['a', 'c']) await happens(key)
    assert.equal(events.length, 4)
    await happens('b')
    assert.equal(events.length, 5)
  })

  it('is kept off the record for a minute at most by a clock that is set back', async () => {
    const { clock, events, happens } = damping()
    await happens('a')
    clock.advance(-59.999)
    await happens('a')
    assert.equal(events.length, 1)
    clock.advance(-0.001)
    await happens('a')
    assert.equal(events.length, 2)
  })
})
