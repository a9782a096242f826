import type { Log } from './log.ts'

/** Work that comes again and again in the background, never twice at a time. */
export interface Scheduler {
  /**
   * Does `work` every so many seconds, give or take a tenth, so that replicas don't all come at once; the first time
   * within a minute, so that a process that is restarted often gets to it too.
   */
  every(seconds: number, name: string, work: () => Promise<unknown>): void
  /** Starts nothing more, and waits for what runs. */
  stop(): Promise<void>
}

export function createScheduler(log: Log): Scheduler {
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  let stopped = false

  return {
    every(seconds, name, work) {
      let failing = false
      const plan = (wait: number) => {
        if (stopped) return
        const timer = setTimeout(start, wait * 1000 * (0.9 + Math.random() * 0.2)).unref()
        timers.add(timer)
        function start() {
          timers.delete(timer)
          const run: Promise<void> = work()
            .then(
              () => {
                if (failing) log.info({ work: name }, 'background work goes on')
                failing = false
              },
              (err) => {
                // Once: an outage lasts for many attempts.
                if (!failing) log.error({ err, work: name }, 'background work fails; it is tried again')
                failing = true
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
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
