import type { Counted, Running, Seat } from './closed-loop.ts'
import { Recorder } from './latencies.ts'
import { Rate } from './rate.ts'
import type { Lane, Turn } from './script.ts'

export interface OpenLoopOptions {
  readonly perSecond: number
  /** In milliseconds, never going back. */
  readonly now: () => number
  /** Calls `tick` over and over; answers how to stop that. */
  readonly pace: (tick: () => void) => () => void
  /** For how long after the end those that are late are still sent, in milliseconds. */
  readonly grace: number
}

export interface OpenRunning extends Running {
  /** How many of those that were due were never sent. Each counts with the time that it had waited by then. */
  readonly unsent: number
}

/**
 * Requests arrive at a fixed rate, whatever becomes of those before. One for which no connection is free waits, and its
 * time counts from when it was due: what a stall holds up is measured, which a closed loop would leave out
 * ("coordinated omission").
 */
export function openLoop(
  seats: readonly Seat[],
  script: (lane: Lane) => Turn,
  { perSecond, now, pace, grace }: OpenLoopOptions,
): OpenRunning {
  const recorder = new Recorder<Counted>()
  const rate = new Rate()
  const { promise: drained, resolve, reject } = Promise.withResolvers<void>()
  const interval = 1000 / perSecond
  const startedAt = now()
  const free = [...seats]
  const due: number[] = []
  let [arrived, taken, unsent] = [0, 0, 0]
  let [from, until, closesAt] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]

  function record(kind: Counted, dueAt: number): void {
    if (dueAt >= from && dueAt < until) recorder.add(kind, now() - dueAt)
  }

  /** What was never sent counts with the time that it has waited by now. */
  function giveUp(): void {
    const before = recorder.count
    for (const dueAt of due.slice(taken)) record('unsent', dueAt)
    unsent += recorder.count - before
    taken = due.length
  }
  function fail(error: unknown): void {
    stop()
    reject(error)
  }
  function send(): void {
    for (;;) {
      const dueAt = due[taken]
      const seat = dueAt === undefined ? undefined : free.shift()
      if (dueAt === undefined || !seat) return
      taken++
      const turn = script(seat.lane)
      seat.connection.send(turn.bytes, (answer) => {
        try {
          turn.settle(answer)
          rate.add(dueAt, now())
          record(turn.kind, dueAt)
          free.push(seat)
          send()
        } catch (error) {
          fail(error)
        }
      })
    }
  }
  const stop = pace(() => {
    const time = now()
    for (let at = startedAt + arrived * interval; at <= time && at < until; at = startedAt + ++arrived * interval) {
      due.push(at)
    }
    try {
      send()
    } catch (error) {
      return fail(error)
    }
    if (time >= closesAt) giveUp()
    if (time >= until && taken === due.length && free.length === seats.length) {
      stop()
      resolve()
    }
  })
  return {
    recorder,
    rate,
    drained,
    get unsent() {
      return unsent
    },
    begin() {
      from = now()
      rate.begin(from)
    },
    end() {
      until = now()
      rate.end(until)
      closesAt = until + grace
    },
  }
}
