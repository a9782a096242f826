import type { Worker } from 'node:cluster'
import { compose, type Service } from './compose.ts'
import type { Config } from './config.ts'
import type { Adjustable } from './config-reload.ts'
import type { Telemetry } from './config-telemetry.ts'
import { channelOver } from './platform/channel.ts'
import { crewTopic, type WorkerNews, type WorkerOrder } from './platform/crew.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import type { MetricsAnswer, MetricsCall } from './platform/metrics/gather.ts'
import { besideOthers } from './platform/shared-port.ts'
import { metricsTopic, overseerOfWorker } from './serve-watch.ts'
import { closeAfter, hashingTopic } from './serve-words.ts'

/**
 * One of the processes that answer requests. It ends when the primary says so or a signal of its own, and at once when
 * the primary is gone.
 */
export async function serveAsWorker(config: Config, telemetry: Telemetry | null, self: Worker): Promise<void> {
  // Ctrl-C reaches all processes of a terminal, and so does its end: the primary tells its workers, when the moment has
  // come.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const begun = giveUpOnSignals(['SIGTERM'])
  const log = createLog(config.logLevel).child({ worker: self.id })
  endOnUncaught(log)
  const primary = channelOver<WorkerNews, WorkerOrder>(process, crewTopic)
  let stop = async (): Promise<void> => process.exit(1)
  let [adjusted, service]: [Adjustable, Service | null] = [config, null]
  primary.listen((order) => {
    if (order !== 'stop') {
      adjusted = order.adjust as Adjustable
      log.level = adjusted.logLevel
      service?.adjust(adjusted, null)
      return
    }
    stop().catch((err) => {
      log.fatal({ err }, 'could not stop in order')
      process.exit(1)
    })
  })

  const line = () => channelOver<MetricsAnswer, MetricsCall>(process, metricsTopic)
  const { watch, close: endWatch } = await overseerOfWorker(config, telemetry, log, line)
  const composed = await compose(config, {
    log,
    hashedAt: channelOver(process, hashingTopic),
    ...(watch && { watch }),
  })
  service = composed
  // The order may have come meanwhile.
  composed.adjust(adjusted, null)
  try {
    const address = await composed.app.listen({ host: config.host, port: config.port, ...besideOthers() })
    let stopped: Promise<void> | undefined
    const close = () => {
      stopped ??= closeAfter(config.shutdownDelay, composed)
        .then(endWatch)
        .then(() => void self.disconnect())
      return stopped
    }
    stop = () => {
      composed.leave()
      return close()
    }
    begun()
    // Of one worker alone: the others serve on, and the service is as ready as before.
    stopOnSignals(close, log, ['SIGTERM'])
    primary.send({ kind: 'ready', address })
  } catch (error) {
    await composed.close()
    throw error
  }
}
