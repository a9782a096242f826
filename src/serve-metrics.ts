import type { Config } from './config.ts'
import type { Channel } from './platform/channel.ts'
import type { Log } from './platform/log.ts'
import type { MetricsAnswer, MetricsCall, WatchersLine } from './platform/metrics/gather.ts'
import type { Watch } from './platform/watch.ts'
import { version } from './version.ts'

/** The channel between workers and primary on which metrics are asked for. */
export const metricsTopic = 'metrics'

/** The metrics of a process that serves them, for itself and for its workers if it has some. */
export interface ServedMetrics {
  readonly watch: Watch
  /** Has the worker at the other end of the line counted as well. */
  join(line: WatchersLine): void
  /** @throws EADDRINUSE and the like. */
  listen(log: Log): Promise<void>
  close(): Promise<void>
}

/** Null without ADMIN_PORT: what makes metrics is then not even loaded. */
export async function metricsOf(config: Config): Promise<ServedMetrics | null> {
  const { adminHost: host, adminPort: port } = config
  if (port === null) return null
  const [{ createMetrics }, { createGathering }, { openAdminServer }] = await Promise.all([
    import('./platform/metrics/metrics.prometheus.ts'),
    import('./platform/metrics/gather.ts'),
    import('./platform/metrics/admin-server.ts'),
  ])
  const { watch, tell } = createMetrics(version)
  const { join, text } = createGathering(tell)
  let close = async (): Promise<void> => undefined
  return {
    watch,
    join,
    async listen(log) {
      const server = await openAdminServer({ host, port, log }, text)
      close = server.close
      log.info({ host, port: server.port }, 'metrics are served')
    },
    close: () => close(),
  }
}

/** The metrics of a worker, which tells them to the primary alone. Null without ADMIN_PORT. */
export async function metricsOfWorker(
  config: Config,
  line: () => Channel<MetricsAnswer, MetricsCall>,
): Promise<Watch | null> {
  if (config.adminPort === null) return null
  const [{ createMetrics }, { tellAt }] = await Promise.all([
    import('./platform/metrics/metrics.prometheus.ts'),
    import('./platform/metrics/gather.ts'),
  ])
  const { watch, tell } = createMetrics(version)
  tellAt(line(), tell)
  return watch
}
