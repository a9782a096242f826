import { setTimeout as delay } from 'node:timers/promises'
import { findCommand, usage } from './commands.ts'
import { compose, type Service } from './compose.ts'
import { ConfigError, parseConfig } from './config.ts'
import { Refusal } from './kernel/refusal.ts'
import { createLog, type Log } from './platform/log.ts'
import { version } from './version.ts'

/** How long requests in flight may take to end after a signal, in milliseconds. */
const grace = 10_000

// Standard output belongs to the log's JSON lines; what a person reads goes to standard error.
const say = (sentence: string) => process.stderr.write(`${sentence}\n`)

async function main(words: readonly string[]): Promise<void> {
  if (words.length === 0 || (words.length === 1 && words[0] === 'serve')) return serve()
  const command = findCommand(words)
  if (!command) throw new Error(usage)
  const config = parseConfig(process.env)
  const service = await compose(config, { log: createLog('silent'), serves: false })
  try {
    const text = await command(service)
    if (text === null) throw new Error(usage)
    process.stdout.write(`${text}\n`)
  } finally {
    await service.close()
  }
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
  const sentences = error instanceof ConfigError ? error.problems : [reason(error)]
  for (const sentence of sentences) say(`latchkey: ${sentence}`)
  process.exit(1)
})

/** Why a start failed, in one sentence. */
function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0])
  const { code, message, syscall, address, port } = (error ?? {}) as NodeJS.ErrnoException & Record<string, unknown>
  if (code === 'EADDRINUSE') return `Port ${port} is in use by another program. Set PORT to a free one.`
  if (syscall === 'connect') return `The database at ${address}:${port} does not answer (${code}). Check DATABASE_URL.`
  if (syscall === 'getaddrinfo') return `The database's host can't be found (${code}). Check DATABASE_URL.`
  if (error instanceof Refusal) return `Refused: ${error.because ?? error.code}.`
  return message ?? String(error)
}
