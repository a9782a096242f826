import cluster from 'node:cluster'
import { composeFeatures } from './compose.ts'
import type { Config } from './config.ts'
import type { Environment } from './config-file.ts'
import { type Adjustable, variablesOf } from './config-reload.ts'
import type { Telemetry } from './config-telemetry.ts'
import { channelOver } from './platform/channel.ts'
import { createCrew } from './platform/crew.ts'
import { endOnUncaught, giveUpOnSignals, stopOnSignals } from './platform/lifetime.ts'
import { createLog } from './platform/log.ts'
import { claimPort } from './platform/shared-port.ts'
import { endingSignals, reloadOnHangUp } from './serve-reload.ts'
import { metricsTopic, overseerOf } from './serve-watch.ts'
import { hashingTopic, say, sayReady } from './serve-words.ts'

/** A worker gives its requests ten seconds, and then closes what it has open. */
const patience = 15_000

/**
 * The process that has workers to answer requests. Its own are what a machine needs once: the hashing threads with the
 * one queue before them, and the work in the background.
 */
export async function serveWithWorkers(config: Config, telemetry: Telemetry | null, env: Environment): Promise<void> {
  const signals = endingSignals(config)
  const begun = giveUpOnSignals(signals)
  const log = createLog(config.logLevel)
  const reloading = reloadOnHangUp(config, log)
  endOnUncaught(log)
  const { watch, ...overseer } = await overseerOf(config, telemetry)
  const service = await composeFeatures(config, { log, ...(watch && { watch }) })
  const closeAll = () => service.close().finally(overseer.close)
  const port = await claimPort(config)
    .then(async (claimed) => {
      await overseer.begin(log)
      return claimed
    })
    .catch(async (error) => {
      await closeAll()
      throw error
    })
  let adjusted: Adjustable = config
  const crew = createCrew({
    size: config.workers,
    log,
    patience: config.shutdownDelay * 1000 + patience,
    hire() {
      // What is in force and not what stands in the file by now: all processes have the same.
      const worker = cluster.fork({ ...env, ...variablesOf(adjusted), CONFIG_FILE: '', PORT: String(port) })
      // It repeats what its process says, and an error that nobody hears would end this one.
      worker.on('error', () => undefined)
      service.accounts.hashFor(channelOver(worker.process, hashingTopic))
      overseer.join(channelOver(worker.process, metricsTopic))
      return worker.process
    },
    onDeath: watch?.workerDied,
    onHopeless(err) {
      log.fatal({ err }, 'no worker serves any more: this process ends')
      say(`latchkey: ${err.message}`)
      process.exitCode = 1
      process.kill(process.pid, 'SIGTERM')
    },
  })
  const stop = async () => {
    // Workers first: what they answer is hashed here.
    await crew.stop().finally(closeAll)
  }
  try {
    const address = await crew.ready
    begun()
    stopOnSignals(stop, log, signals)
    reloading.begin((values, what) => {
      adjusted = values
      crew.adjust(values)
      service.adjust(values, what)
    })
    sayReady(config, log, { address, data: service.where })
  } catch (error) {
    await stop()
    throw error
  }
}
