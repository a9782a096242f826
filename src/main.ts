import { setTimeout as delay } from 'node:timers/promises'
import { failureOf } from './cli/failure.ts'
import type { Service } from './compose.ts'
import { parseConfig } from './config.ts'
import { createLog, type Log } from './platform/log.ts'
import { version } from './version.ts'

/** How long requests in flight may take to end after a signal, in milliseconds. */
const grace = 10_000

// Standard output belongs to the log's JSON lines; what a person reads goes to standard error.
const say = (sentence: string) => process.stderr.write(`${sentence}\n`)

async function main(words: readonly string[]): Promise<void> {
  if (words.length === 0 || (words.length === 1 && words[0] === 'serve')) return serve()
  // Loaded only here: a service has no use for it.
  const { runCommandLine } = await import('./cli/run.ts')
  await runCommandLine(words, serve)
}

async function serve(): Promise<void> {
  // As the first process of a container, Node takes no signal until somebody listens.
  const giveUp = () => process.exit(1)
  process.once('SIGTERM', giveUp).once('SIGINT', giveUp)
  const config = parseConfig(process.env)
  const log = createLog(config.logLevel)
  const onFatal = (err: Error) => {
    log.fatal({ err }, 'the database has stopped for good: this process ends')
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  // Node would print all that the error carries, and a database's carries a row.
  process.once('uncaughtException', (err) => {
    log.fatal({ err }, 'an error that nobody caught: this process ends')
    process.exit(1)
  })
  // Loaded only here: most commands need less.
  const { compose } = await import('./compose.ts')
  const service = await compose(config, { log, onFatal })
  try {
    const address = await service.app.listen({ host: config.host, port: config.port })
    process.off('SIGTERM', giveUp).off('SIGINT', giveUp)
    stopOnSignals(service, log, config.shutdownDelay)
    log.info({ address, data: service.where, version }, 'ready')
    say(`Latchkey ${version} is ready: ${config.publicUrl}/api/docs`)
    say(`Data: ${service.where}`)
  } catch (error) {
    await service.close()
    throw error
  }
}

/**
 * The first signal denies readiness, so that who steers traffic turns it elsewhere; after so many seconds it lets
 * requests in flight end and closes all that is open. The second ends the process at once.
 */
function stopOnSignals(service: Service, log: Log, shutdownDelay: number): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    service.leave()
    // Nothing is left then that keeps the process alive: it ends by itself, with 0 or the code of what went wrong.
    close(service, shutdownDelay).catch((err) => {
      log.fatal({ err }, 'could not stop in order')
      process.exit(1)
    })
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
}

async function close(service: Service, shutdownDelay: number): Promise<void> {
  await delay(shutdownDelay * 1000)
  const cut = setTimeout(() => service.app.server.closeAllConnections(), grace)
  await service.close()
  clearTimeout(cut)
}

main(process.argv.slice(2)).catch((error) => {
  for (const sentence of failureOf(error).sentences) say(`latchkey: ${sentence}`)
  process.exit(1)
})
