import type { Config } from './config.ts'
import type { Telemetry } from './config-telemetry.ts'
import type { Channel } from './platform/channel.ts'
import type { Log } from './platform/log.ts'
import type { MetricsAnswer, MetricsCall, WatchersLine } from './platform/metrics/gather.ts'
import type { Watch } from './platform/watch.ts'
import { watchTogether } from './platform/watch-together.ts'
import { version } from './version.ts'

/** The channel between workers and primary on which metrics are asked for. */
export const metricsTopic = 'metrics'

/** Who watches a process. Without any of the variables for it there is none, and what would make it is not loaded. */
export interface Overseer {
  readonly watch?: Watch
  /** Has the worker at the other end of the line counted as well. */
  join(line: WatchersLine): void
  /**
   * Begins to serve and to send metrics.
   *
   * @throws EADDRINUSE and the like.
   */
  begin(log: Log): Promise<void>
  /** Sends what is not sent yet, and ends. */
  close(): Promise<void>
}

/** For how long the end of the process waits for a receiver that does not answer, in milliseconds. */
const patience = 3_000

/** For what a process still says at its end, a worker to its primary, in milliseconds. */
const farewell = 100

export async function overseerOf(config: Config, telemetry: Telemetry | null): Promise<Overseer> {
  const { adminHost: host, adminPort: port } = config
  const ends: (() => Promise<void>)[] = []
  const watches: Watch[] = []
  const traces = await tracesOf(telemetry)
  if (traces) {
    watches.push(traces.watch)
    ends.push(traces.close)
  }
  let join: Overseer['join'] = () => undefined
  let begin: Overseer['begin'] = async () => undefined
  if (port !== null || telemetry?.metrics) {
    const { createMetrics, createGathering } = await metricsParts()
    const metrics = createMetrics(version)
    watches.push(metrics.watch)
    const gathering = createGathering(metrics.tell)
    join = gathering.join
    begin = async (log) => {
      if (telemetry?.metrics) {
        const { exportMetrics } = await import('./platform/telemetry/metrics.otel.ts')
        ends.push(exportMetrics(gathering.tell, { version, ...telemetry.readings }).close)
      }
      if (port === null) return
      const { openAdminServer } = await import('./platform/metrics/admin-server.ts')
      const server = await openAdminServer({ host, port, log }, gathering.text)
      ends.push(server.close)
      log.info({ host, port: server.port }, 'metrics are served')
    }
  }
  return {
    ...(watches.length > 0 && { watch: watchTogether(watches) }),
    join,
    async begin(log) {
      await hear(telemetry, log)
      await begin(log)
    },
    close: () => endAll(ends),
  }
}

/** For a worker, whose metrics the primary asks for. */
export async function overseerOfWorker(
  config: Config,
  telemetry: Telemetry | null,
  log: Log,
  line: () => Channel<MetricsAnswer, MetricsCall>,
): Promise<Pick<Overseer, 'watch' | 'close'>> {
  const watches: Watch[] = []
  const traces = await tracesOf(telemetry)
  if (traces) watches.push(traces.watch)
  await hear(telemetry, log)
  if (config.adminPort !== null || telemetry?.metrics) {
    const { createMetrics, tellAt } = await metricsParts()
    const { watch, tell } = createMetrics(version)
    tellAt(line(), tell)
    watches.push(watch)
  }
  return {
    ...(watches.length > 0 && { watch: watchTogether(watches) }),
    close: () => endAll(traces ? [traces.close] : []),
  }
}

async function metricsParts() {
  const [prometheus, gather] = await Promise.all([
    import('./platform/metrics/metrics.prometheus.ts'),
    import('./platform/metrics/gather.ts'),
  ])
  return { ...prometheus, ...gather }
}

async function tracesOf(telemetry: Telemetry | null) {
  if (!telemetry?.traces) return null
  const { createTraces } = await import('./platform/telemetry/traces.otel.ts')
  return createTraces({ version, ...telemetry })
}

async function hear(telemetry: Telemetry | null, log: Log): Promise<void> {
  if (telemetry === null) return
  const { logComplaints } = await import('./platform/telemetry/complaints.otel.ts')
  logComplaints(log)
}

/** That a receiver does not answer is no failure of the service's end, and does not put it off. */
async function endAll(ends: readonly (() => Promise<void>)[]): Promise<void> {
  const late = Promise.withResolvers<true>()
  const timer = setTimeout(() => late.resolve(true), patience)
  const isLate = await Promise.race([Promise.allSettled(ends.map((end) => end())), late.promise])
  clearTimeout(timer)
  // All else is closed by then, but what is on its way to the receiver, and its next try, would keep the process alive.
  if (isLate === true) setTimeout(() => process.exit(), farewell).unref()
}
