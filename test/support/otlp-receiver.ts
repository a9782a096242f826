import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code?: number }
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface ReceivedMetric {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
  readonly data: any
}

/** A receiver of OpenTelemetry's protocol, as JSON over HTTP, on loopback. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string
  /** All that came, as it came. */
  readonly bodies: readonly string[]
  readonly headers: readonly IncomingHttpHeaders[]
  spans(): ReceivedSpan[]
  metrics(): ReceivedMetric[]
  resources(): Readonly<Record<string, unknown>>[]
  /** Resolves once `holds` does, asked whenever something comes. */
  until(holds: () => boolean): Promise<void>
}

const plain = (attributes: readonly Attribute[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

export async function startReceiver(): Promise<OtlpReceiver> {
  const bodies: string[] = []
  const headers: IncomingHttpHeaders[] = []
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
  const documents: any[] = []
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const body = await text(request)
    bodies.push(body)
    headers.push(request.headers)
    documents.push(JSON.parse(body))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    for (const look of waiting) look()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const of = (kind: string) => documents.flatMap((document) => document[kind] ?? [])
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    headers,
    spans: () =>
      of('resourceSpans')
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map((span) => ({ ...span, attributes: plain(span.attributes) })),
    metrics: () =>
      of('resourceMetrics')
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics)
        .map(({ name, sum, gauge, histogram }) => ({ name, data: sum ?? gauge ?? histogram })),
    resources: () =>
      [...of('resourceSpans'), ...of('resourceMetrics')].map(({ resource }) => plain(resource.attributes)),
    until: (holds) =>
      new Promise((resolve) => {
        const look = () => {
          if (!holds()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
