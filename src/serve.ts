import cluster from 'node:cluster'
import { parseConfig } from './config.ts'
import { withConfigFile } from './config-file.ts'
import { parseTelemetry } from './config-telemetry.ts'
import { crewTopic, type WorkerNews } from './platform/crew.ts'
import { say } from './serve-words.ts'

/** Serves, in one process or as one of several, until a signal or a failure ends it. */
export async function serve(): Promise<void> {
  const env = withConfigFile(process.env)
  const config = parseConfig(env)
  const telemetry = parseTelemetry(env)
  // Each loads no more than its own part.
  if (cluster.worker) return (await import('./serve-worker.ts')).serveAsWorker(config, telemetry, cluster.worker)
  if (config.workers > 1) return (await import('./serve-primary.ts')).serveWithWorkers(config, telemetry, env)
  return (await import('./serve-alone.ts')).serveAlone(config, telemetry)
}

/** Says why it can't go on, and ends this process; for a worker the primary says it, once for all of them. */
export function fail(sentences: readonly string[]): void {
  if (cluster.isWorker) {
    const news: WorkerNews = { kind: 'failed', sentence: sentences.join(' ') }
    process.send?.([crewTopic, news], () => process.exit(1))
    return
  }
  for (const sentence of sentences) say(`latchkey: ${sentence}`)
  process.exit(1)
}
