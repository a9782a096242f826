import { compose } from './compose.ts'
import type { Config } from './config.ts'
import type { Telemetry } from './config-telemetry.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { endingSignals, reloadOnHangUp } from './serve-reload.ts'
import { overseerOf } from './serve-watch.ts'
import { closeAfter, sayReady } from './serve-words.ts'

/** The whole service in this process. */
export async function serveAlone(config: Config, telemetry: Telemetry | null): Promise<void> {
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
  const { watch, ...overseer } = await overseerOf(config, telemetry)
  const service = await compose(config, { log, onFatal, ...(watch && { watch }) })
  try {
    await overseer.begin(log)
    const address = await service.app.listen({ host: config.host, port: config.port })
    begun()
    const stop = async () => {
      // So that who steers traffic turns it elsewhere.
      service.leave()
      await closeAfter(config.shutdownDelay, service).finally(overseer.close)
    }
    stopOnSignals(stop, log, signals)
    reloading.begin(service.adjust)
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await service.close().finally(overseer.close)
    throw error
  }
}
