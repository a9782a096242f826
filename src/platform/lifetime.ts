import type { Log } from './log.ts'

const signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']

/**
 * Has a signal end a process that is still starting: as the first process of a container, Node takes none until
 * somebody listens. Answers the end of that.
 */
export function giveUpOnSignals(which = signals): () => void {
  const giveUp = () => process.exit(1)
  for (const signal of which) process.once(signal, giveUp)
  return () => {
    for (const signal of which) process.off(signal, giveUp)
  }
}

/** Writes down what nobody caught, and ends the process: Node would print all that the error carries, a row included. */
export function endOnUncaught(log: Log): void {
  process.once('uncaughtException', (err) => {
    log.fatal({ err }, 'an error that nobody caught: this process ends')
    process.exit(1)
  })
}

/** The first signal stops the service in order; the second ends the process at once. */
export function stopOnSignals(stop: () => Promise<void>, log: Log, which = signals): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    // Nothing is left then that keeps the process alive: it ends by itself, with 0 or the code of what went wrong.
    stop().catch((err) => {
      log.fatal({ err }, 'could not stop in order')
      process.exit(1)
    })
  }
  for (const signal of which) process.on(signal, onSignal)
}
