import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Answer } from '../../bench/adapter.ts'
import { closedLoop, type Seat } from '../../bench/load/closed-loop.ts'
import { openLoop } from '../../bench/load/open-loop.ts'
import type { Turn } from '../../bench/load/script.ts'

const ok: Answer = { status: 200, head: '', body: '' }

/** A server and a clock that move only when the test says so. */
function stage(connections: number) {
  const stage = {
    time: 0,
    /** How long an answer takes if it is asked now. */
    takes: (_at: number) => 1,
    waiting: [] as { at: number; answer: () => void }[],
    busiest: 0,
    ticks: [] as (() => void)[],
    now: () => stage.time,
    pace: (tick: () => void) => {
      stage.ticks.push(tick)
      return () => void stage.ticks.splice(stage.ticks.indexOf(tick), 1)
    },
    /** Moves the clock, a millisecond at a time. */
    pass(milliseconds: number) {
      for (let step = 0; step < milliseconds; step++) {
        stage.time++
        const due = stage.waiting.filter(({ at }) => at <= stage.time)
        stage.waiting = stage.waiting.filter(({ at }) => at > stage.time)
        for (const { answer } of due) answer()
        for (const tick of [...stage.ticks]) tick()
        stage.busiest = Math.max(stage.busiest, stage.waiting.length)
      }
    },
    seats: [] as Seat[],
  }
  const send = (_bytes: string, onAnswer: (answer: Answer) => void) => {
    stage.waiting.push({ at: stage.time + stage.takes(stage.time), answer: () => onAnswer(ok) })
  }
  stage.seats = Array.from({ length: connections }, () => ({
    connection: { send, close: () => {} },
    lane: { sessions: [], at: 0 },
  }))
  return stage
}

const turn: Turn = { kind: 'me', bytes: '', settle: () => {} }
const wrong: Turn = {
  ...turn,
  settle: () => {
    throw new Error('me was answered 500 instead of 200')
  },
}

describe('the open loop', () => {
  const stalled = (at: number) => (at >= 1_000 && at < 2_000 ? 2_000 - at : 1)

  it('counts what a stall holds up from when it was due (coordinated omission)', async () => {
    const server = stage(1)
    server.takes = stalled
    const load = openLoop(server.seats, () => turn, { perSecond: 100, now: server.now, pace: server.pace, grace: 500 })
    load.begin()
    server.pass(3_000)
    load.end()
    server.pass(100)
    await load.drained
    assert.equal(load.recorder.count, 300)
    assert.equal(load.unsent, 0)
    const { p50, p99, max } = load.recorder.summary()
    assert.ok(max >= 990 && max <= 1_002, `the first that was held up waited a second: ${max}`)
    assert.ok(p99 >= 950, `a third came into the stall, so that the worst hundredth is near its length: ${p99}`)
    assert.ok(p50 <= 250, `two thirds came when nothing stalled, or late in the stall: ${p50}`)
  })

  it('shows what a closed loop leaves out', async () => {
    const server = stage(1)
    server.takes = stalled
    const load = closedLoop(server.seats, () => turn, server.now)
    load.begin()
    server.pass(3_000)
    load.end()
    server.pass(10)
    await load.drained
    assert.ok(load.recorder.summary().p99 <= 2)
  })

  it('keeps its rate whatever the answers do, and spreads it over the connections that are free', async () => {
    const server = stage(4)
    server.takes = () => 15
    const load = openLoop(server.seats, () => turn, { perSecond: 200, now: server.now, pace: server.pace, grace: 0 })
    load.begin()
    server.pass(1_000)
    load.end()
    server.pass(50)
    await load.drained
    assert.ok(Math.abs(load.recorder.count - 200) <= 1)
    assert.ok(server.busiest >= 3, 'several were in flight at once')
    const { max } = load.recorder.summary()
    assert.ok(max >= 15 && max <= 16, `the pace has a grain of a millisecond: ${max}`)
  })

  it('counts those that were never sent with the time that they have waited', async () => {
    const server = stage(1)
    server.takes = () => 100
    const load = openLoop(server.seats, () => turn, { perSecond: 100, now: server.now, pace: server.pace, grace: 500 })
    load.begin()
    server.pass(1_000)
    load.end()
    server.pass(1_000)
    await load.drained
    assert.equal(load.recorder.count, 100)
    assert.ok(load.unsent >= 80 && load.unsent < 90, `ten a second are answered: ${load.unsent}`)
    assert.ok((load.recorder.byName().unsent?.max ?? 0) >= 1_300)
  })

  it('counts nothing that was due before it began or after it ended', async () => {
    const server = stage(1)
    const load = openLoop(server.seats, () => turn, { perSecond: 1_000, now: server.now, pace: server.pace, grace: 0 })
    server.pass(500)
    assert.equal(load.recorder.count, 0)
    load.begin()
    server.pass(200)
    load.end()
    server.pass(500)
    await load.drained
    assert.ok(Math.abs(load.recorder.count - 200) <= 1)
  })

  it('ends with the first wrong answer', async () => {
    const server = stage(2)
    const load = openLoop(server.seats, () => wrong, { perSecond: 100, now: server.now, pace: server.pace, grace: 0 })
    server.pass(50)
    await assert.rejects(load.drained, /answered 500 instead of 200/)
    assert.equal(server.ticks.length, 0)
  })
})

describe('the closed loop', () => {
  it('has one request in flight on each connection, and waits for the last of them', async () => {
    const server = stage(8)
    server.takes = () => 10
    const load = closedLoop(server.seats, () => turn, server.now)
    assert.equal(server.waiting.length, 8)
    server.pass(100)
    load.begin()
    server.pass(100)
    load.end()
    assert.equal(load.recorder.count, 80)
    assert.equal(server.waiting.length, 8)
    server.pass(20)
    await load.drained
    assert.equal(load.recorder.count, 80)
    assert.equal(Math.round(load.rate.perSecond), 800)
  })

  it('has a rate that does not hang on where in the answers the round begins and ends', async () => {
    const server = stage(4)
    server.takes = () => 400
    const load = closedLoop(server.seats, () => turn, server.now)
    server.pass(390)
    load.begin()
    server.pass(1_030)
    load.end()
    server.pass(400)
    await load.drained
    assert.equal(load.recorder.count, 12, 'three answers of each connection')
    assert.ok(Math.abs(load.rate.perSecond - 10) < 1e-9, `${load.rate.perSecond}`)
  })

  it('ends with the first wrong answer', async () => {
    const server = stage(1)
    const load = closedLoop(server.seats, () => wrong, server.now)
    server.pass(5)
    await assert.rejects(load.drained, /answered 500 instead of 200/)
    assert.equal(server.waiting.length, 0)
  })
})
