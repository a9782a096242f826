import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../support/command-line.ts'
import { startMonitored } from '../support/monitored.ts'
import { startReceiver } from '../support/otlp-receiver.ts'
import { processEnv } from '../support/processes.ts'
import { rawRequest } from '../support/raw-http.ts'
import { password } from '../support/service.ts'

const auth = '/api/v1/auth'
const [server, client, internal] = [2, 3, 1]
const person = { email: 'traced@example.com', password }

describe('OpenTelemetry', () => {
  test('has a span for each request, within the trace of the caller, and below it one for each statement and hash', async () => {
    await using receiver = await startReceiver()
    const service = await startMonitored({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'auth' })
    const traceId = randomBytes(16).toString('hex')
    const parentId = randomBytes(8).toString('hex')
    const call = (path: string, json: unknown, headers = {}) =>
      fetch(`${service.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(json),
      })
    assert.equal((await call(`${auth}/register?of=somebody`, person)).status, 200)
    const given = { traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'vendor=1' }
    const wrong = await call(`${auth}/login`, { ...person, password: 'not this one' }, given)
    assert.equal(wrong.headers.get('x-request-id'), traceId)
    const unsampled = { traceparent: `00-${'d'.repeat(32)}-${parentId}-00` }
    assert.equal((await call(`${auth}/login`, person, unsampled)).status, 200)
    const { body } = await service.call('POST', `${auth}/login`, { json: person })
    const refreshed = await service.call('POST', `${auth}/refresh`, { token: body.refresh_token })
    const refreshId = String(refreshed.headers.get('x-request-id'))
    assert.equal((await service.call('GET', '/nowhere/at/all')).status, 404)
    await service.stop()

    const spans = receiver.spans()
    const named = (name: string) => spans.filter((span) => span.name === name)
    const [login] = named(`POST ${auth}/login`)
    assert.deepEqual([login?.traceId, login?.parentSpanId, login?.kind], [traceId, parentId, server])
    assert.deepEqual(login?.attributes, {
      'http.request.method': 'POST',
      'http.response.status_code': 401,
      'http.route': `${auth}/login`,
      'network.protocol.version': '1.1',
      'url.scheme': 'http',
      'latchkey.refusal.code': 'invalid_credentials',
    })
    const inner = spans.filter(({ parentSpanId }) => parentSpanId === login?.spanId)
    for (const span of inner) assert.equal(span.traceId, traceId)
    const [hash] = inner.filter(({ name }) => name === 'password verify')
    assert.equal(hash?.kind, internal)
    const took = Number(hash?.endTimeUnixNano) - Number(hash?.startTimeUnixNano)
    assert.ok(took > 10e6, `${took} ns for a hash`)
    const statements = inner.filter(({ kind }) => kind === client)
    assert.ok(statements.length >= 3, `${statements.length} statements`)
    for (const { name, attributes } of statements)
      assert.deepEqual(attributes, { 'db.system.name': 'postgresql', 'db.query.summary': name })

    const [refresh] = named(`POST ${auth}/refresh`)
    assert.deepEqual([refresh?.traceId, refresh?.parentSpanId || undefined], [refreshId, undefined])
    assert.equal(refresh?.attributes['latchkey.refresh.outcome'], 'rotated')
    const advance = named('advance-sessions').find(({ traceId }) => traceId === refreshId)
    assert.equal(advance?.parentSpanId, refresh?.spanId)
    const [nowhere] = named('GET')
    assert.equal(nowhere?.attributes['http.response.status_code'], 404)
    assert.equal(spans.filter((span) => span.traceId === 'd'.repeat(32)).length, 0, 'what the caller does not sample')
    for (const resource of receiver.resources()) {
      assert.equal(resource['service.name'], 'auth')
      assert.match(String(resource['service.version']), /^\d+\.\d+\.\d+$/)
      assert.ok(resource['service.instance.id'])
    }
    const sent = receiver.bodies.join()
    for (const secret of [
      'traced@',
      password,
      'not this one',
      'somebody',
      'nowhere',
      'vendor',
      '127.0.0.1',
      body.refresh_token,
    ])
      assert.ok(!sent.includes(secret), secret)

    const lines = service.run.texts.stdout.split('\n').filter((line) => line.includes(traceId))
    assert.equal(lines.length, 1)
    const { request_id, trace_id, code } = JSON.parse(lines[0] ?? '')
    assert.deepEqual([request_id, trace_id, code], [traceId, traceId, 'invalid_credentials'])
  })

  test('has the statements and the hash of a request whose body comes later than its head, and a name for one without a route', async () => {
    await using receiver = await startReceiver()
    const service = await startMonitored({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/v1/traces` })
    const { hostname, port } = new URL(service.url)
    const head = (path: string, length: number) =>
      rawRequest(`POST ${path}`, [
        ...['Host: localhost', 'Content-Type: application/json', 'Connection: close', `Content-Length: ${length}`],
      ])
    const body = JSON.stringify(person)
    const late = connect(Number(port), hostname)
    late.setNoDelay(true).write(head(`${auth}/login`, body.length))
    await sleep(50)
    late.write(body)
    assert.match(await text(late), /^HTTP\/1\.1 401 /)
    const left = connect(Number(port), hostname)
    left.write(head('/nowhere/at/all', 100))
    await sleep(50)
    left.resetAndDestroy()
    const named = (name: string) => receiver.spans().filter((span) => span.name === name)
    await service.stop()

    const [login] = named(`POST ${auth}/login`)
    const below = receiver.spans().filter(({ parentSpanId }) => parentSpanId === login?.spanId)
    assert.equal(below.filter(({ name }) => name === 'password verify').length, 1)
    assert.ok(below.filter(({ kind }) => kind === client).length >= 1)
    assert.deepEqual(
      named('POST').map(({ attributes }) => attributes),
      [
        {
          'http.request.method': 'POST',
          'network.protocol.version': '1.1',
          'url.scheme': 'http',
          'error.type': 'hung_up',
        },
      ],
    )
  })

  test('has the metrics of all workers as one, under the same names', async () => {
    await using receiver = await startReceiver()
    const env = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/v1/metrics` }
    const service = await startMonitored({ ...env, OTEL_METRIC_EXPORT_INTERVAL: '300', WORKERS: '2' })
    for (let count = 0; count < 20; count++) await service.call('GET', '/api/v1/users/me')
    const answered = () => {
      const [metric] =
        receiver.metrics().findLast(({ name }) => name === 'latchkey_http_requests_total')?.data.dataPoints ?? []
      return metric?.asDouble ?? metric?.asInt
    }
    await receiver.until(() => Number(answered()) === 20)
    const known = await service.scrape()
    const names = new Set(receiver.metrics().map(({ name }) => name))
    for (const name of known.types.keys()) assert.ok(names.has(name), name)
    const { dataPoints } = receiver.metrics().findLast(({ name }) => name === 'latchkey_http_request_duration_seconds')
      ?.data ?? { dataPoints: [] }
    const [point] = dataPoints
    assert.equal(Number(point.count), 20)
    assert.equal(point.bucketCounts.length, point.explicitBounds.length + 1)
    assert.equal(
      point.bucketCounts.map(Number).reduce((sum: number, count: number) => sum + count),
      20,
    )
    await service.stop()
    assert.equal(receiver.spans().length, 0)
  })

  test('is no part of a service that can not do what is asked', async () => {
    const wrong = [
      [{ OTEL_TRACES_EXPORTER: 'zipkin' }, /OTEL_TRACES_EXPORTER must be one of: otlp, none/],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
        /PROTOCOL must be one/,
      ],
      [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER_ARG: '2' }, /OTEL_TRACES_SAMPLER_ARG must be a number/],
    ] as const
    for (const [env, sentence] of wrong) {
      const { ended, texts } = run({ ...processEnv, ...env })
      assert.equal(await ended, 1)
      assert.match(texts.stderr, sentence)
    }
  })

  for (const [what, url] of [
    ['is gone', () => 'http://127.0.0.1:9'],
    ['takes all and never answers', ({ url }: SilentServer) => url],
  ] as const) {
    for (const workers of ['1', '2']) {
      test(`does not put the end of ${workers} off for more than three seconds when the receiver ${what}`, async () => {
        await using silent = await startSilent()
        const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url(silent), OTEL_BSP_SCHEDULE_DELAY: '50', WORKERS: workers }
        const service = await startMonitored(env)
        assert.equal((await service.call('GET', '/health/ready')).status, 200)
        const start = performance.now()
        service.run.child.kill('SIGTERM')
        assert.equal(await service.run.ended, 0)
        // Workers end before their primary does.
        const most = workers === '1' ? 5_000 : 8_000
        const took = performance.now() - start
        assert.ok(took < most, `${took} ms`)
        await service.stop()
      })
    }
  }
})

interface SilentServer extends AsyncDisposable {
  readonly url: string
}

/** Takes connections and all that comes over them, and never says a word. */
async function startSilent(): Promise<SilentServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
