import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError } from '../src/config.ts'
import { parseTelemetry } from '../src/config-telemetry.ts'

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }
const signals = (env: Record<string, string>) => {
  const telemetry = parseTelemetry(env)
  return telemetry && [telemetry.traces, telemetry.metrics]
}

describe('OpenTelemetry', () => {
  it('is off unless something asks for it', () => {
    for (const env of [
      {},
      { OTEL_SERVICE_NAME: 'auth' },
      { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      { ...endpoint, OTEL_SDK_DISABLED: 'true' },
      { ...endpoint, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    ])
      assert.equal(parseTelemetry(env as Record<string, string>), null, JSON.stringify(env))
  })

  it('is on for what has an endpoint or an exporter', () => {
    assert.deepEqual(signals(endpoint), [true, true])
    assert.deepEqual(signals({ ...endpoint, OTEL_METRICS_EXPORTER: 'none' }), [true, false])
    assert.deepEqual(signals({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x' }), [true, false])
    assert.deepEqual(signals({ OTEL_METRICS_EXPORTER: 'otlp' }), [false, true])
  })

  it('samples as it is told', () => {
    const sampling = (env: Record<string, string>) => parseTelemetry({ ...endpoint, ...env })?.sampling
    assert.deepEqual(sampling({}), { root: 'always_on', parentBased: true, ratio: 1 })
    assert.deepEqual(sampling({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }), {
      ...{ root: 'traceidratio', parentBased: false, ratio: 0.25 },
    })
    assert.deepEqual(sampling({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' })?.root, 'always_off')
  })

  it('says of every variable that is wrong what it may be', () => {
    const wrong = {
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: '1.5',
      OTEL_BSP_SCHEDULE_DELAY: '5s',
      OTEL_METRIC_EXPORT_INTERVAL: '0',
    }
    try {
      parseTelemetry(wrong)
      assert.fail('it was taken')
    } catch (error) {
      assert.ok(error instanceof ConfigError)
      assert.deepEqual(error.problems.map((problem) => problem.split(' ')[0]).toSorted(), Object.keys(wrong).toSorted())
    }
  })

  it('takes no endpoint that is no http or https URL, and does not repeat it', () => {
    const wrong = ['collector:4318', '//user:pass@collector', 'ftp://user:pass@collector', 'http://', 'https://[::1']
    for (const name of ['', 'TRACES_', 'METRICS_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}ENDPOINT`)) {
      for (const value of wrong) {
        const problems = [`${name} must be an http or https URL.`]
        assert.throws(() => parseTelemetry({ [name]: value }), { problems })
      }
      for (const value of ['http://collector:4318', 'HTTPS://user:pass@[::1]/v1/traces'])
        assert.ok(parseTelemetry({ [name]: value }))
    }
  })
})
