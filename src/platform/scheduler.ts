import type { Log } from './log.ts'

/** Work that comes again and again in the background, never twice at a time. */
export interface Scheduler {
  /**
   * Does `work` every so many seconds, give or take a tenth, so that replicas don't all come at once; the first time
   * within a minute, so that a process that is restarted often gets to it too. Work that takes long ends early when the
   * signal says that the process ends.
   */
  every(seconds: number, name: string, work: (stop: AbortSignal) => Promise<unknown>): void
  /** Starts nothing more, tells what runs to stop, and waits for it. */
  stop(): Promise<void>
}

/** In milliseconds: work that goes on to fail is told of once in this time. */
const quiet = 3_600_000

/** @param now a clock that never goes back, in milliseconds. */
export function createScheduler(log: Log, now: () => number = () => performance.now()): Scheduler {
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  const stop = new AbortController()

  return {
    every(seconds, name, work) {
      let attempts = 0
      let toldAt = 0
      const plan = (wait: number) => {
        if (stop.signal.aborted) return
        const timer = setTimeout(start, wait * 1000 * (0.9 + Math.random() * 0.2)).unref()
        timers.add(timer)
        function start() {
          timers.delete(timer)
          const run: Promise<void> = work(stop.signal)
            .then(
              () => {
                if (attempts > 0) log.info({ work: name }, 'background work goes on')
                attempts = 0
              },
              (err) => {
                attempts++
                // Not each time: an outage lasts for many attempts. Not once: who looks later is to see it too.
                if (attempts > 1 && now() - toldAt < quiet) return
                toldAt = now()
                log.error({ err, work: name, attempts }, 'background work fails; it is tried again')
              },
            )
            .then(() => void running.delete(run))
            .then(() => plan(seconds))
          running.add(run)
        }
      }
      plan(Math.min(seconds, 50))
    },

    async stop() {
      stop.abort()
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
