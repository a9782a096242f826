/** One that waits, or waited. Times are in milliseconds. */
export interface Waiter {
  readonly work: number
  readonly arrivedAt: number
}

export interface DeadlineQueue<T extends Waiter> {
  readonly length: number
  /** The work of all that wait. */
  readonly work: number
  add(waiter: T): void
  /** Takes one out that wants to wait no longer; passes over who has left already. */
  leave(waiter: T): void
  /**
   * Takes out who came first of those that are not late, if it may go now; else the first of those that may
   * pass it: such as do not make it wait for longer.
   */
  next(mayGo?: (first: T) => boolean, mayPass?: (waiter: T) => boolean): T | undefined
  isLate(waiter: T): boolean
  /** Takes all out. */
  clear(): T[]
}

/**
 * First come, first served. Who has waited for `deadlineMs` is taken out and handed to `onLate`, also when nobody asks
 * for the next one meanwhile.
 */
export function createDeadlineQueue<T extends Waiter>(
  deadlineMs: number,
  now: () => number,
  onLate: (waiter: T) => void,
): DeadlineQueue<T> {
  const waiters = new Set<T>()
  let work = 0
  let alarm: NodeJS.Timeout | undefined

  const isLate = (waiter: T) => now() - waiter.arrivedAt >= deadlineMs

  function leave(waiter: T): void {
    if (waiters.delete(waiter)) work -= waiter.work
    // Sums of fractions drift; an empty queue is the moment to begin anew.
    if (waiters.size === 0) work = 0
  }

  function firstThat(may: (waiter: T) => boolean): T | undefined {
    for (const waiter of waiters) if (may(waiter)) return waiter
    return undefined
  }

  function turnAwayLate(): void {
    for (const waiter of waiters) {
      if (!isLate(waiter)) break
      leave(waiter)
      onLate(waiter)
    }
  }

  /** One timer for all, since who came first is late first. It rings for nothing when that one has left meanwhile. */
  function watch(): void {
    const [first] = waiters
    if (!first || alarm) return
    const ring = () => {
      alarm = undefined
      turnAwayLate()
      watch()
    }
    alarm = setTimeout(ring, Math.max(1, Math.ceil(first.arrivedAt + deadlineMs - now()))).unref()
  }

  return {
    get length() {
      return waiters.size
    },
    get work() {
      return work
    },
    isLate,
    leave,
    add(waiter) {
      waiters.add(waiter)
      work += waiter.work
      watch()
    },
    next(mayGo = () => true, mayPass = () => false) {
      turnAwayLate()
      const [first] = waiters
      if (!first) return undefined
      const next = mayGo(first) ? first : firstThat(mayPass)
      if (next) leave(next)
      return next
    },
    clear() {
      clearTimeout(alarm)
      alarm = undefined
      const all = [...waiters]
      for (const waiter of all) leave(waiter)
      return all
    },
  }
}
