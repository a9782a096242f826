import type { Kind } from '../adapter.ts'
import type { Connection } from './connection.ts'
import { Recorder } from './latencies.ts'
import { Rate } from './rate.ts'
import type { Lane, Turn } from './script.ts'

/** A connection with its sessions. */
export interface Seat {
  readonly connection: Connection
  readonly lane: Lane
}

/** What a duration is of: in an open loop also of a request that was due and never sent. */
export type Counted = Kind | 'unsent'

/** A load that runs until it is told to stop. */
export interface Running {
  /** From now on what is answered counts. */
  begin(): void
  /** Nothing more is sent, and nothing more counts. */
  end(): void
  readonly recorder: Recorder<Counted>
  readonly rate: Rate
  /** Resolves when every request is answered; rejects with the first wrong answer. */
  readonly drained: Promise<void>
}

/** Each connection sends its next request when the one before is answered. */
export function closedLoop(seats: readonly Seat[], script: (lane: Lane) => Turn, now: () => number): Running {
  const recorder = new Recorder<Counted>()
  const rate = new Rate()
  const { promise: drained, resolve, reject } = Promise.withResolvers<void>()
  let counts = false
  let over = false
  let waiting = seats.length

  function next(seat: Seat): void {
    if (over) {
      if (--waiting === 0) resolve()
      return
    }
    const turn = script(seat.lane)
    const sentAt = now()
    seat.connection.send(turn.bytes, (answer) => {
      const at = now()
      try {
        turn.settle(answer)
        rate.add(sentAt, at)
        if (counts) recorder.add(turn.kind, at - sentAt)
        next(seat)
      } catch (error) {
        reject(error)
      }
    })
  }
  try {
    for (const seat of seats) next(seat)
  } catch (error) {
    reject(error)
  }
  return {
    recorder,
    rate,
    drained,
    begin() {
      rate.begin(now())
      counts = true
    },
    end() {
      rate.end(now())
      counts = false
      over = true
    },
  }
}
