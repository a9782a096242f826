import { compose } from './compose.ts'
import type { Config } from './config.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { closeAfter, sayReady } from './serve-words.ts'

/** The whole service in this process. */
export async function serveAlone(config: Config): Promise<void> {
  const begun = giveUpOnSignals()
  const log = createLog(config.logLevel)
  endOnUncaught(log)
  const onFatal = (err: Error) => {
    log.fatal({ err }, 'the database has stopped for good: this process ends')
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  const service = await compose(config, { log, onFatal })
  try {
    const address = await service.app.listen({ host: config.host, port: config.port })
    begun()
    stopOnSignals(() => {
      // So that who steers traffic turns it elsewhere.
      service.leave()
      return closeAfter(config.shutdownDelay, service)
    }, log)
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await service.close()
    throw error
  }
}
