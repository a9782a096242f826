export interface Pace {
  /** How many milliseconds one worker needs for that much work. */
  of(work: number): number
  measured(work: number, ms: number): void
  /** Whether a job behind `backlogMs` of work can be answered within the deadline. */
  allows(backlogMs: number, work: number, waiting: number): boolean
  /**
   * After how many whole seconds there is room for a refused job, at least 1. Every refusal reserves its share: of a
   * thousand who are refused in one moment, no two are sent for one place.
   */
  promise(now: number, backlogMs: number, work: number): number
}

/** No hash is faster: whatever was measured, the queue has a length that the deadline alone determines. */
const fastestMs = 1

/** Who waits for longer has given up, and those who only attack do not come back for their places. */
const longestPromiseMs = 60_000

/** Of how many jobs the mean consists, about: a second or two of an ordinary machine under load. */
const memory = 10

/** How fast a pool works, and what follows from it for who comes next. All times are in milliseconds. */
export function createPace(options: { size: number; deadlineMs: number; expectedMs: number }): Pace {
  const { size, deadlineMs, expectedMs } = options
  const mostWaiting = Math.floor((deadlineMs * size) / fastestMs)
  let ms = expectedMs
  let work = 1
  let promisedUntil = 0

  const of = (much: number) => Math.max(fastestMs, ms / work) * much
  return {
    of,
    measured(much, took) {
      ms = ms * (1 - 1 / memory) + took
      work = work * (1 - 1 / memory) + much
    },
    allows: (backlogMs, much, waiting) => backlogMs + of(much) <= deadlineMs && waiting < mostWaiting,
    promise(now, backlogMs, much) {
      // A job longer than the deadline has to find an idle worker.
      const room = now + Math.max(0, backlogMs - Math.max(0, deadlineMs - of(much)))
      const place = Math.max(room, promisedUntil)
      promisedUntil = Math.min(place + of(much) / size, now + longestPromiseMs)
      return Math.max(1, Math.ceil((place - now) / 1000))
    },
  }
}
