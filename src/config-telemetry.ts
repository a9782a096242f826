import { ConfigError } from './config.ts'

/** How a trace that begins here is sampled; `ratio` is that of `traceidratio`. */
export interface Sampling {
  readonly root: 'always_on' | 'always_off' | 'traceidratio'
  /** Whether the caller's decision comes first. */
  readonly parentBased: boolean
  readonly ratio: number
}

/**
 * What of OpenTelemetry is on, from its own standard variables. Where to, with which headers and for whom the exporter
 * reads by itself. Times are in milliseconds.
 */
export interface Telemetry {
  readonly traces: boolean
  readonly metrics: boolean
  readonly sampling: Sampling
  readonly spans: { readonly delay: number; readonly queue: number; readonly batch: number; readonly timeout: number }
  readonly readings: { readonly interval: number; readonly timeout: number }
}

const samplers = ['always_on', 'always_off', 'traceidratio'].flatMap((root) => [root, `parentbased_${root}`])
const exporters = ['otlp', 'none']
const protocols = ['http/json', 'http/protobuf']

const isHttpUrl = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/**
 * Null where nothing is on: an endpoint turns traces and metrics on, and so does an exporter by its name.
 *
 * @throws ConfigError where something is asked for that this service does not do.
 */
export function parseTelemetry(env: Readonly<Record<string, string | undefined>>): Telemetry | null {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return null
  const problems: string[] = []
  const oneOf = (name: string, known: readonly string[]): string | undefined => {
    const value = env[name] || undefined
    if (value !== undefined && !known.includes(value)) problems.push(`${name} must be one of: ${known.join(', ')}.`)
    return value
  }
  const number = (name: string, fallback: number, least: number, most: number, pattern = /^[0-9]{1,9}$/): number => {
    const text = env[name] || String(fallback)
    const value = pattern.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    problems.push(`${name} must be a number from ${least} to ${most}.`)
    return fallback
  }
  const isOn = (signal: 'TRACES' | 'METRICS'): boolean => {
    const exporter = oneOf(`OTEL_${signal}_EXPORTER`, exporters)
    if (exporter !== undefined) return exporter === 'otlp'
    return Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`])
  }
  const [traces, metrics] = [isOn('TRACES'), isOn('METRICS')]
  if (!traces && !metrics && problems.length === 0) return null

  for (const signal of ['', 'TRACES_', 'METRICS_']) {
    oneOf(`OTEL_EXPORTER_OTLP_${signal}PROTOCOL`, protocols)
    const endpoint = `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`
    // Not repeated: it may hold a password.
    if (env[endpoint] && !isHttpUrl(env[endpoint])) problems.push(`${endpoint} must be an http or https URL.`)
  }
  const sampler = oneOf('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on'
  const telemetry: Telemetry = {
    traces,
    metrics,
    sampling: {
      root: sampler.replace('parentbased_', '') as Sampling['root'],
      parentBased: sampler.startsWith('parentbased_'),
      ratio: number('OTEL_TRACES_SAMPLER_ARG', 1, 0, 1, /^(?:[01]|[01]?\.[0-9]{1,9})$/),
    },
    spans: {
      delay: number('OTEL_BSP_SCHEDULE_DELAY', 5_000, 1, 3_600_000),
      queue: number('OTEL_BSP_MAX_QUEUE_SIZE', 2_048, 1, 1_000_000),
      batch: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1, 1_000_000),
      timeout: number('OTEL_BSP_EXPORT_TIMEOUT', 30_000, 1, 3_600_000),
    },
    readings: {
      interval: number('OTEL_METRIC_EXPORT_INTERVAL', 60_000, 1, 3_600_000),
      timeout: number('OTEL_METRIC_EXPORT_TIMEOUT', 30_000, 1, 3_600_000),
    },
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return telemetry
}
