import { type HrTime, ValueType } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { Told } from '../metrics/metrics.prometheus.ts'
import { resourceOf } from './resource.otel.ts'

/** Times are in milliseconds. */
export interface ExportOptions {
  readonly version: string
  readonly interval: number
  readonly timeout: number
}

type Metric = Told[number]
interface Value {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  readonly metricName?: string
}

/** Sends the metrics that `tell` tells, under the same names, again and again and a last time at the end. */
export function exportMetrics(
  tell: () => Promise<Told>,
  { version, interval, timeout }: ExportOptions,
): { close(): Promise<void> } {
  const startTime = millisToHrTime(performance.timeOrigin)
  const producer = {
    async collect() {
      const told = await tell()
      const metrics = told.map((metric) => dataOf(metric, startTime, millisToHrTime(Date.now())))
      const scope = { name: 'latchkey', version }
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope, metrics }] }, errors: [] }
    },
  }
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: interval,
    exportTimeoutMillis: Math.min(timeout, interval),
    metricProducers: [producer],
  })
  const provider = new MeterProvider({ resource: resourceOf(version), readers: [reader] })
  return { close: () => provider.shutdown() }
}

/** A metric in OpenTelemetry's words. What is no number has no place there. */
export function dataOf(metric: Metric, startTime: HrTime, endTime: HrTime): MetricData {
  const { name, help, type } = metric
  const values = (metric.values as readonly Value[]).filter(({ value }) => Number.isFinite(value))
  const point = <T>(value: T, attributes: DataPoint<T>['attributes']): DataPoint<T> => ({
    ...{ startTime, endTime, attributes, value },
  })
  const base = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  if (String(type) === 'histogram') {
    const dataPoints = histogramsOf(name, values).map(({ labels, histogram }) => point(histogram, labels))
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints }
  }
  const dataPoints = values.map(({ value, labels }) => point(value, { ...labels }))
  return String(type) === 'counter'
    ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
}

/** Prometheus counts in each bucket what is in those below as well; OpenTelemetry does not. */
function histogramsOf(name: string, values: readonly Value[]) {
  const groups = Map.groupBy(values, ({ labels: { le: _, ...labels } }) =>
    JSON.stringify(Object.entries(labels).toSorted()),
  )
  return [...groups.values()].map((group) => {
    const { le: _, ...labels } = group[0]?.labels ?? {}
    const of = (suffix: string) => group.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0
    const buckets = group.filter(({ labels }) => labels.le !== undefined && labels.le !== '+Inf')
    const boundaries = buckets.map(({ labels }) => Number(labels.le))
    const upTo = [...buckets.map(({ value }) => value), of('count')]
    const counts = upTo.map((count, index) => count - (upTo[index - 1] ?? 0))
    const histogram: Histogram = { buckets: { boundaries, counts }, sum: of('sum'), count: of('count') }
    return { labels, histogram }
  })
}
