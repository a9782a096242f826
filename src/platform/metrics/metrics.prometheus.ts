import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObject,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client'
import type { Standing, Watch } from '../watch.ts'
import { type Definition, definitions, refreshOutcomes } from './definitions.ts'

/** All metrics of one process at one moment, as plain data. */
export type Told = readonly MetricObjectWithValues<MetricValue<string>>[]

export interface Metrics {
  readonly watch: Watch
  tell(): Promise<Told>
}

export const contentType = Registry.PROMETHEUS_CONTENT_TYPE

type Name = keyof typeof definitions
type Of<T extends Name> = (typeof definitions)[T]['kind'] extends 'counter'
  ? Counter
  : (typeof definitions)[T]['kind'] extends 'gauge'
    ? Gauge
    : Histogram

/** The metrics of this process. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const metrics = Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, meterOf(definition, registry)]),
  ) as { readonly [name in Name]: Of<name> }
  metrics.build.set({ version }, 1)
  // An increase is told against what was there before, and of a series that begins with 1 nothing was.
  for (const outcome of refreshOutcomes) metrics.refreshes.inc({ outcome }, 0)
  const looks: (() => Promise<Standing>)[] = []

  return {
    watch: {
      traces: false,
      begun: (_message, _requestId, proceed) => proceed(),
      resumed: (_message, proceed) => proceed(),
      answered(_message, { method, route, status, seconds }) {
        metrics.requests.inc({ method, route, status })
        metrics.seconds.observe({ method, route }, seconds)
      },
      refused(_message, route, code, because) {
        metrics.refusals.inc({ route, code })
        if (because === undefined) return
        if (code === 'too_many_requests') metrics.limits.inc({ limit: because })
        else metrics.overloads.inc({ because })
      },
      unread: (status) => metrics.requests.inc({ method: 'none', route: 'none', status }),
      hungUp: (_message, { route }) => metrics.hangUps.inc({ route }),
      statement(statement, seconds, failed) {
        if (failed) metrics.statementFailures.inc({ statement })
        metrics.statementSeconds.observe({ statement }, seconds)
      },
      hashed(operation, seconds, failed) {
        if (failed) metrics.hashFailures.inc({ operation })
        else metrics.hashSeconds.observe({ operation }, seconds)
      },
      refreshed: (outcome) => metrics.refreshes.inc({ outcome }),
      workerDied: () => metrics.workerDeaths.inc(),
      look: (at) => void looks.push(at),
    },
    async tell() {
      const standing: Standing = Object.assign({}, ...(await Promise.all(looks.map((look) => look()))))
      setGauges(metrics, standing)
      return registry.getMetricsAsJSON()
    },
  }
}

function meterOf({ kind, name, help, labels: labelNames, buckets }: Definition, registry: Registry) {
  const options = { name, help, labelNames, registers: [registry] }
  if (kind === 'histogram') return new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) })
  return kind === 'counter' ? new Counter(options) : new Gauge(options)
}

type Gauges = { readonly [name in Name as Of<name> extends Gauge ? name : never]: Gauge }

/** A gauge of what this process does not know has no value, so that others' are not taken for less. */
function setGauges(gauges: Gauges, { pool, hashing, keys, audit }: Standing): void {
  if (pool) {
    gauges.connections.set({ state: 'idle' }, pool.idle)
    gauges.connections.set({ state: 'busy' }, pool.total - pool.idle)
    gauges.connectionWaits.set(pool.waiting)
  }
  setOrRemove(gauges.hashesWaiting, hashing?.waiting)
  setOrRemove(gauges.hashesRunning, hashing?.running)
  setOrRemove(gauges.keys, keys?.published)
  setOrRemove(gauges.keyAge, keys?.signingFor)
  setOrRemove(gauges.keyNext, keys?.untilNext)
  setOrRemove(gauges.auditReadable, audit === undefined ? undefined : audit ? 1 : 0)
  setOrRemove(gauges.auditUnsealed, audit?.unsealed)
  setOrRemove(gauges.auditLag, audit?.oldest)
}

function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove()
  else gauge.set(value)
}

/** How metrics of several processes are put together, where their sum would say nothing. */
const together: Readonly<Record<string, MetricObject['aggregator']>> = {
  latchkey_build_info: 'first',
  process_start_time_seconds: 'min',
  process_max_fds: 'min',
  nodejs_eventloop_lag_seconds: 'max',
  nodejs_eventloop_lag_mean_seconds: 'max',
  nodejs_eventloop_lag_stddev_seconds: 'max',
  nodejs_eventloop_lag_p50_seconds: 'max',
  nodejs_eventloop_lag_p90_seconds: 'max',
  nodejs_eventloop_lag_p99_seconds: 'max',
}

/** One set of metrics of those of several processes: sums, and of delays those of the process that is worst off. */
export function aggregate(told: readonly Told[]): Registry {
  const whole = told.map((metrics) =>
    metrics.map((metric) => ({ ...metric, aggregator: together[metric.name] ?? metric.aggregator })),
  )
  return AggregatorRegistry.aggregate(whole)
}

/** What stays of a process that has ended: what it counted, since a sum that shrinks is taken for a new beginning. */
export const countersOf = (told: Told): Told =>
  told.filter(({ type }) => String(type) === 'counter' || String(type) === 'histogram')
