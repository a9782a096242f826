import type { Log } from './log.ts'

/** Work that comes again and again in the background, never twice at a time. */
export interface Scheduler {
  /** Does `work` every so many seconds, give or take a tenth, so that replicas don't all come at once. */
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
      const plan = () => {
        if (stopped) return
        const timer = setTimeout(start, seconds * 1000 * (0.9 + Math.random() * 0.2)).unref()
        timers.add(timer)
        function start() {
          timers.delete(timer)
          const run: Promise<void> = work()
            .catch((err) => log.error({ err, work: name }, 'background work failed; it will be tried again'))
            .then(() => void running.delete(run))
            .then(plan)
          running.add(run)
        }
      }
      plan()
    },

    async stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
