import { compose } from './compose.ts'
import type { Config } from './config.ts'
import type { Telemetry } from './config-telemetry.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { overseerOf } from './serve-watch.ts'
import { closeAfter, sayReady } from './serve-words.ts'

/** The whole service in this process. */
export async function serveAlone(config: Config, telemetry: Telemetry | null): Promise<void> {
  const begun = giveUpOnSignals()
  const log = createLog(config.logLevel)
  endOnUncaught(log)
  const onFatal = (err: Error) => {
    log.fatal({ err }, 'the database has stopped for good: this process ends')
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  const { watch, ...overseer } = await overseerOf(config, telemetry)
  const service = await compose(config, { log, onFatal, ...(watch && { watch }) })
  try {
    await overseer.begin(log)
    const address = await service.app.listen({ host: config.host, port: config.port })
    begun()
    stopOnSignals(async () => {
      // So that who steers traffic turns it elsewhere.
      service.leave()
      await closeAfter(config.shutdownDelay, service).finally(overseer.close)
    }, log)
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await service.close().finally(overseer.close)
    throw error
  }
}
