import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { channelOver } from '../../../src/platform/channel.ts'
import { createGathering, type MetricsAnswer, type MetricsCall, tellAt } from '../../../src/platform/metrics/gather.ts'
import { createMetrics } from '../../../src/platform/metrics/metrics.prometheus.ts'
import type { RefreshOutcome } from '../../../src/sessions/application/ports.ts'

/** Two ends of a line, as two processes have it: what is sent is copied as JSON. */
function line() {
  const ends = [new EventEmitter(), new EventEmitter()].map((end) => Object.assign(end, { connected: true }))
  const [one, two] = ends as [(typeof ends)[0], (typeof ends)[0]]
  const sends = (to: EventEmitter) => (message: unknown) => {
    setImmediate(() => to.emit('message', JSON.parse(JSON.stringify(message))))
    return true
  }
  const cut = () => {
    for (const end of ends) end.emit('disconnect')
  }
  return { one: Object.assign(one, { send: sends(two) }), two: Object.assign(two, { send: sends(one) }), cut }
}

function worker() {
  const metrics = createMetrics('1.2.3')
  const { one, two, cut } = line()
  tellAt(channelOver<MetricsAnswer, MetricsCall>(two, 'metrics'), metrics.tell)
  return { ...metrics, line: channelOver<MetricsCall, MetricsAnswer>(one, 'metrics'), cut }
}

/** The value of one series. */
const seriesIn = (text: string, series: string) => {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}
const turns = async (count: number) => {
  for (let left = count; left > 0; left--) await turn()
}
const rotated = 'latchkey_refreshes_total{outcome="rotated"}'

describe('the metrics of several processes', () => {
  test('are sums, and those of the one process that knows something are its own', async () => {
    const primary = createMetrics('1.2.3')
    primary.watch.look(async () => ({
      hashing: { waiting: 3, running: 2 },
      keys: { published: 2, signingFor: 50, untilNext: -7 },
      audit: null,
    }))
    const { join, text } = createGathering(primary.tell)
    const workers = [worker(), worker()]
    for (const { line, watch } of workers) {
      join(line)
      watch.look(async () => ({ pool: { total: 4, idle: 1, waiting: 5 }, hashing: null }))
      watch.refreshed('rotated')
      watch.answered({} as never, { method: 'GET', route: '/x', status: 200, seconds: 0.02 })
    }
    const told = await text()
    for (const [series, value] of [
      [rotated, 2],
      ['latchkey_http_requests_total{method="GET",route="/x",status="200"}', 2],
      ['latchkey_http_request_duration_seconds_bucket{le="0.01",method="GET",route="/x"}', 0],
      ['latchkey_http_request_duration_seconds_bucket{le="0.025",method="GET",route="/x"}', 2],
      ['latchkey_http_request_duration_seconds_count{method="GET",route="/x"}', 2],
      ['latchkey_database_connections{state="busy"}', 6],
      ['latchkey_database_connection_waiting', 10],
      ['latchkey_password_hashes_waiting', 3],
      ['latchkey_signing_keys', 2],
      ['latchkey_signing_key_rotation_seconds', -7],
      ['latchkey_audit_readable', 0],
      ['latchkey_audit_lag_seconds', undefined],
      ['latchkey_build_info{version="1.2.3"}', 1],
    ] as const) {
      assert.equal(seriesIn(told, series), value, series)
    }
    assert.ok(Number(seriesIn(told, 'process_start_time_seconds')) > 1e9)
    assert.ok(Number(seriesIn(told, 'process_resident_memory_bytes')) > 1e6)
  })

  test('never count less when a worker ends, and keep no gauge of it', async () => {
    const { join, text } = createGathering(createMetrics('1.2.3').tell)
    for (let round = 1; round <= 3; round++) {
      const one = worker()
      join(one.line)
      one.watch.look(async () => ({ pool: { total: 4, idle: 1, waiting: 5 } }))
      one.watch.refreshed('rotated')
      assert.equal(seriesIn(await text(), rotated), round)
      one.cut()
      const told = await text()
      assert.equal(seriesIn(told, rotated), round)
      assert.equal(seriesIn(told, 'latchkey_database_connection_waiting'), 0)
    }
  })

  test('have no process of which nobody tells any more before it joins', async (t) => {
    const { join, text } = createGathering(createMetrics('1.2.3').tell)
    const one = worker()
    one.cut()
    // As the one that joins finds it: the line was over before it could listen.
    join({ ...one.line, over: AbortSignal.abort(), send: () => undefined })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const late = new Error('it is waited for')
    const told = await Promise.race([text(), turns(20).then(() => Promise.reject(late))])
    assert.ok(told.includes('latchkey_build_info'))
  })

  test('come without those of a worker that does not answer, which are as they were', async (t) => {
    const { join, text } = createGathering(createMetrics('1.2.3').tell)
    const one = worker()
    join(one.line)
    one.watch.refreshed('rotated')
    await text()
    one.watch.look(() => new Promise(() => undefined))
    one.watch.refreshed('rotated')
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const told = text()
    await turn()
    t.mock.timers.tick(2_000)
    assert.equal(seriesIn(await told, rotated), 1)
  })

  test('have every outcome of a refresh from the start, since a rise is told against what was there before', async () => {
    const outcomes: Record<RefreshOutcome, 0> = {
      ...{ rotated: 0, repeated: 0, raced: 0, reused: 0, expired: 0, ended: 0, forged: 0 },
    }
    const told = await createGathering(createMetrics('1.2.3').tell).text()
    for (const outcome of Object.keys(outcomes))
      assert.equal(seriesIn(told, `latchkey_refreshes_total{outcome="${outcome}"}`), 0, outcome)
  })
})
