import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import { defaultTextMapGetter, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Watch } from '../watch.ts'
import { resourceOf } from './resource.otel.ts'

export interface TracesOptions {
  readonly version: string
  readonly sampling: {
    readonly root: 'always_on' | 'always_off' | 'traceidratio'
    readonly parentBased: boolean
    readonly ratio: number
  }
  /** All in milliseconds and spans. */
  readonly spans: { readonly delay: number; readonly queue: number; readonly batch: number; readonly timeout: number }
}

/**
 * One span for each request (OpenTelemetry's semantic conventions for HTTP servers), and below it one for each statement
 * and each hash. The trace is the caller's where there is a `traceparent`, else its id is the request's own: one id finds
 * the trace, the lines of the log and the security events. No span bears an address, a path, a value or a person.
 */
export function createTraces({ version, sampling, spans: bounds }: TracesOptions): {
  watch: Watch
  close(): Promise<void>
} {
  const ids = new RandomIdGenerator()
  let nextTraceId = ''
  const provider = new TracerProvider({
    resource: resourceOf(version),
    sampler: samplerOf(sampling),
    // A span without a parent is a request's.
    idGenerator: { generateTraceId: () => nextTraceId, generateSpanId: ids.generateSpanId },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        scheduledDelayMillis: bounds.delay,
        maxQueueSize: bounds.queue,
        maxExportBatchSize: Math.min(bounds.batch, bounds.queue),
        exportTimeoutMillis: bounds.timeout,
      }),
    ],
  })
  const tracer = provider.getTracer('latchkey', version)
  const propagator = new W3CTraceContextPropagator()
  const current = new AsyncLocalStorage<Span>()
  const spans = new WeakMap<IncomingMessage, Span>()

  /** What took so long just now, within the request that it was done for. */
  function child(name: string, kind: SpanKind, seconds: number, failed: boolean, attributes: Record<string, string>) {
    const parent = current.getStore()
    if (!parent?.isRecording()) return
    const end = performance.timeOrigin + performance.now()
    const options = { kind, attributes, startTime: end - seconds * 1000 }
    const span = tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, parent))
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(end)
  }

  const watch: Watch = {
    traces: true,
    begun(message, requestId, proceed) {
      nextTraceId = requestId
      // Without `tracestate`: its words are the caller's.
      const { traceparent } = message.headers
      const parent = propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)
      const span = tracer.startSpan(message.method ?? '', { kind: SpanKind.SERVER }, parent)
      spans.set(message, span)
      current.run(span, proceed)
    },
    resumed(message, proceed) {
      const span = spans.get(message)
      if (span) current.run(span, proceed)
      else proceed()
    },
    refused(message, _route, code, because) {
      const span = message && spans.get(message)
      span?.setAttribute('latchkey.refusal.code', code)
      if (because !== undefined) span?.setAttribute('latchkey.refusal.because', because)
    },
    answered(message, { method, route, status }) {
      const span = spans.get(message)
      if (!span?.isRecording()) return
      describe(span, message, method, route)
      span.setAttribute('http.response.status_code', status)
      if (status >= 500) span.setAttribute('error.type', String(status)).setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
    hungUp(message, { method, route }) {
      const span = spans.get(message)
      if (!span?.isRecording()) return
      describe(span, message, method, route)
      span.setAttribute('error.type', 'hung_up').end()
    },
    statement: (name, seconds, failed) =>
      child(name, SpanKind.CLIENT, seconds, failed, {
        'db.system.name': 'postgresql',
        'db.query.summary': name,
      }),
    hashed: (operation, seconds, failed) => child(`password ${operation}`, SpanKind.INTERNAL, seconds, failed, {}),
    unread: () => undefined,
    refreshed: (outcome) => void current.getStore()?.setAttribute('latchkey.refresh.outcome', outcome),
    workerDied: () => undefined,
    look: () => undefined,
  }
  return { watch, close: () => provider.shutdown() }
}

/** Has the span named by what was asked for, in the words of the convention. */
function describe(span: Span, { httpVersion }: IncomingMessage, method: string, route: string): void {
  const known = method === 'other' ? '_OTHER' : method
  span.updateName(route === 'none' ? known : `${known} ${route}`)
  span.setAttributes({
    'http.request.method': known,
    'network.protocol.version': httpVersion,
    'url.scheme': 'http',
    ...(route !== 'none' && { 'http.route': route }),
  })
}

function samplerOf({ root, parentBased, ratio }: TracesOptions['sampling']): Sampler {
  const sampler =
    root === 'traceidratio'
      ? new TraceIdRatioBasedSampler(ratio)
      : root === 'always_on'
        ? new AlwaysOnSampler()
        : new AlwaysOffSampler()
  return parentBased ? new ParentBasedSampler({ root: sampler }) : sampler
}
