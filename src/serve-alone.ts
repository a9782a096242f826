import { compose } from './compose.ts'
import type { Config } from './config.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { endingSignals, reloadOnHangUp } from './serve-reload.ts'
import { closeAfter, sayReady } from './serve-words.ts'

/** The whole service in this process. */
export async function serveAlone(config: Config): Promise<void> {
  const signals = endingSignals(config)
  const begun = giveUpOnSignals(signals)
  const log = createLog(config.logLevel)
  const reloading = reloadOnHangUp(config, log)
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
    const stop = () => {
      // So that who steers traffic turns it elsewhere.
      service.leave()
      return closeAfter(config.shutdownDelay, service)
    }
    stopOnSignals(stop, log, signals)
    reloading.begin(service.adjust)
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await service.close()
    throw error
  }
}
