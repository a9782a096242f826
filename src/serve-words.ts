import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from './compose.ts'
import type { Config } from './config.ts'
import type { Log } from './platform/log.ts'
import { version } from './version.ts'

/** The channel between workers and primary on which hashes are asked for. */
export const hashingTopic = 'hashing'

/** How long requests in flight may take to end, in milliseconds. */
const grace = 10_000

/** Standard output belongs to the log's JSON lines; what a person reads goes to standard error. */
export const say = (sentence: string) => process.stderr.write(`${sentence}\n`)

/** Says where the service is, for programs and for people. */
export function sayReady(config: Config, log: Log, { address, data }: { address: string; data: string }): void {
  log.info({ address, data, version, workers: config.workers }, 'ready')
  say(`Latchkey ${version} is ready: ${config.publicUrl}/api/docs`)
  say(`Data: ${data}`)
}

/** After the delay, in seconds, for which it still serves: lets requests in flight end, and closes all that is open. */
export async function closeAfter(shutdownDelay: number, service: Service): Promise<void> {
  await delay(shutdownDelay * 1000)
  const cut = setTimeout(() => service.app.server.closeAllConnections(), grace)
  await service.close()
  clearTimeout(cut)
}
