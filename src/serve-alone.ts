import { compose } from './compose.ts'
import type { Config } from './config.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { metricsOf } from './serve-metrics.ts'
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
  const metrics = await metricsOf(config)
  const service = await compose(config, { log, onFatal, ...(metrics && { watch: metrics.watch }) })
  try {
    await metrics?.listen(log)
    const address = await service.app.listen({ host: config.host, port: config.port })
    begun()
    stopOnSignals(async () => {
      // So that who steers traffic turns it elsewhere.
      service.leave()
      await closeAfter(config.shutdownDelay, service).finally(metrics?.close)
    }, log)
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await service.close().finally(metrics?.close)
    throw error
  }
}
