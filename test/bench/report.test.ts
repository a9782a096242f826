import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { figure, table } from '../../bench/report/format.ts'
import { linePlot } from '../../bench/report/line-plot.ts'
import { plotsOf } from '../../bench/report/plots.ts'
import { ratiosOf, verdict } from '../../bench/report/ratios.ts'
import type { Report } from '../../bench/report/report.ts'
import { workersTable } from '../../bench/report/workers.ts'
import { writeReport } from '../../bench/report/write.ts'
import type { Round } from '../../bench/run/round.ts'
import type { Result } from '../../bench/run/trials.ts'

const round = (perSecond: number, p99: number): Round => ({
  requests: perSecond,
  perSecond,
  latencies: { p50: 1, p99, p999: p99 * 2, max: p99 * 3 },
  byKind: { me: { p50: 1, p99, p999: p99 * 2, max: p99 * 3 } },
  unsent: 0,
  cpuPerThousand: 0.05,
  walPerRequest: 150,
  fullPagesPerThousand: 1,
  generatorShare: 0.4,
})
const closed = (server: string, connections: number, rounds: Round[], asked: Result['asked'] = 'me'): Result => ({
  asked,
  loop: 'closed',
  connections,
  server,
  offered: null,
  rounds,
})
const results: Result[] = [
  closed('latchkey', 1, [round(100, 1)]),
  closed('limit', 1, [round(100, 1)]),
  // The second round was disturbed for both: their ratio was not.
  closed('latchkey', 32, [round(900, 12), round(90, 100), round(800, 16)]),
  closed('limit', 32, [round(1_000, 10), round(100, 80), round(1_000, 10)]),
  closed('better-auth', 32, [round(10, 90), round(1, 900), round(10, 90)]),
]

describe('ratios', () => {
  it('are the median of those of the rounds that ran side by side, where 32 are connected', () => {
    const [throughput, p99] = ratiosOf(results)
    assert.deepEqual(throughput, {
      what: 'me, throughput, 32 connections',
      against: 'limit',
      ours: 800,
      theirs: 1_000,
      ratio: 0.9,
      range: [0.8, 0.9],
      target: 'at least 0.8',
      met: { all: true, rounds: 3, of: 3 },
    })
    assert.equal(p99?.ratio, 1.25)
    assert.deepEqual(p99?.met, { all: true, rounds: 2, of: 3 })
    assert.deepEqual(ratiosOf(results).slice(0, 2).map(verdict), ['yes', 'yes, in 2 of 3 rounds'])
  })

  it('say when a target is missed, and have none where none is set', () => {
    const slow = [closed('latchkey', 32, [round(799, 16)]), closed('limit', 32, [round(1_000, 10)])]
    assert.deepEqual(ratiosOf(slow).map(verdict), ['no', 'no'])
    const other = [closed('latchkey', 32, [round(1, 1)], 'jwks'), closed('limit', 32, [round(1, 1)], 'jwks')]
    assert.equal(ratiosOf(other)[0]?.met, null)
  })

  it('are of the open loop too, where both were offered the same', () => {
    const open = (server: string, offered: number, p99: number): Result => ({
      ...closed(server, 32, [round(offered, p99)]),
      loop: 'open',
      offered,
    })
    const both = [...results, open('latchkey', 400, 16), open('limit', 400, 10), open('better-auth', 5, 10)]
    const found = ratiosOf(both).filter(({ what }) => what.includes('open loop'))
    assert.deepEqual(
      found.map((one) => [one.what, one.against, one.ratio, verdict(one)]),
      [['me, p99 of the open loop, 32 connections', 'limit', 1.6, 'no']],
    )
  })

  it('are of the most connections where nobody was asked with 32', () => {
    const few = [1, 8].flatMap((count) => [
      closed('latchkey', count, [round(count, 1)]),
      closed('limit', count, [round(10, 1)]),
    ])
    assert.equal(ratiosOf(few)[0]?.what, 'me, throughput, 8 connections')
  })
})

describe('a figure', () => {
  const cases: [value: number | null, text: string][] = [
    [null, '–'],
    [Number.NaN, '–'],
    [0, '0'],
    [1_234_567, '1 230 000'],
    [12_345, '12 300'],
    [999.96, '1 000'],
    [123.4, '123'],
    [12.345, '12.3'],
    [1.2345, '1.23'],
    [0.012345, '0.0123'],
    [0.00012, '1.2e-4'],
  ]
  for (const [value, text] of cases) {
    it(`of ${value} is ${text}`, () => assert.equal(figure(value), text))
  }
})

describe('a table', () => {
  it('sets columns of figures to the right', () => {
    const rows = [
      ['me', '12 300', '–'],
      ['login', '6.3', '1.2e-4'],
    ]
    assert.equal(
      table(['kind', 'a second', 'p99'], rows),
      '| kind | a second | p99 |\n| --- | ---: | ---: |\n| me | 12 300 | – |\n| login | 6.3 | 1.2e-4 |',
    )
  })
})

describe('a plot', () => {
  it('places equal factors at equal distances', () => {
    const svg = linePlot({ title: 't', x: 'x', y: 'y' }, [
      {
        name: 'a<b',
        points: [
          [1, 10],
          [16, 100],
          [256, 1_000],
        ],
      },
    ])
    const [, places = ''] = /polyline points="([^"]+)"/.exec(svg) ?? []
    const [[x0 = 0, y0 = 0] = [], [x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = places
      .split(' ')
      .map((place) => place.split(',').map(Number))
    assert.ok(Math.abs(x1 - x0 - (x2 - x1)) < 0.3 && x1 > x0)
    assert.ok(Math.abs(y0 - y1 - (y1 - y2)) < 0.3 && y1 < y0)
    assert.ok(svg.includes('>a&lt;b<'))
    assert.ok(!svg.includes('NaN'))
  })

  it('is made for each kind that was asked with several numbers of connections', () => {
    assert.deepEqual(
      plotsOf(results).map(({ file }) => file),
      ['me-throughput.svg', 'me-p99.svg'],
    )
    assert.deepEqual(plotsOf(results.slice(2)), [])
  })
})

describe('the report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-report-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const report: Report = {
    command: 'npm run bench -- --quick',
    quick: true,
    loadBefore: 0.25,
    date: '2026-11-24',
    commit: 'abc123',
    took: 100,
    machine: { cpu: 'A CPU', cores: 2, memoryBytes: 24e9, kernel: 'Linux 6', node: 'v24', postgres: '18.4' },
    placement: 'nothing is pinned',
    servers: [{ name: 'latchkey', about: 'built' }],
    results,
    memory: [{ server: 'latchkey', atRest: 90_000_000, peak: 150_000_000 }],
    roundTrips: [{ server: 'latchkey', asked: 'me', alone: 1, together: 0.1 }],
    statements: [{ name: 'one', connections: 32, perSecond: 10_000, mean: 3, by: 'node' }],
    workers: {
      placement: 'all share 2 cores',
      shared: true,
      connections: 128,
      kinds: [{ asked: 'jwks', one: [round(1_000, 1), round(100, 1)], two: [round(1_500, 1), round(150, 1)] }],
    },
  }

  it('has ratios first, the machine, the commit, and a row for each result', () => {
    writeReport(report, folder)
    const page = readFileSync(join(folder, 'benchmarks.md'), 'utf8')
    for (const text of [
      'abc123',
      'A CPU',
      '2026-11-24',
      'v24',
      '18.4',
      'nothing is pinned',
      'A quick look',
      'when it began: 0.3',
      '`npm run bench -- --quick`',
    ])
      assert.ok(page.includes(text), text)
    assert.equal(/^## (.+)$/m.exec(page)?.[1], 'Ratios')
    assert.ok(
      page.includes(
        '| me, throughput, 32 connections | limit | 0.900 | 0.800 to 0.900 | at least 0.8 | yes | 800 | 1 000 |',
      ),
    )
    assert.ok(page.includes('| me | 32 | better-auth | 10.0 | 1.00 | 90.0 | 180 | 0.0500 | 0.400 |'))
    assert.ok(page.includes('| latchkey | 90.0 | 150 |'))
    assert.ok(page.includes('a client in Node'))
    assert.ok(page.includes('| jwks | 550 | 825 | 1.50 | at least 1.7 | – | 0.0500 | 0.0500 | 2.00 | 0.400 |'))
    assert.ok(page.includes('all share 2 cores'))
    assert.ok(!/NaN|undefined|null/.test(page))
  })

  it('judges two workers only where they have cores of their own', () => {
    const { workers } = report
    assert.ok(workers)
    const judged = (perSecond: number) =>
      workersTable({
        ...workers,
        shared: false,
        kinds: [{ asked: 'me', one: [round(100, 1)], two: [round(perSecond, 1)] }],
      })
    assert.match(judged(170), /at least 1\.7 \| yes/)
    assert.match(judged(169), /at least 1\.7 \| no/)
    assert.match(workersTable(workers), /at least 1\.7 \| –/)
  })

  it('shows plots that are there, and holds everything as JSON', () => {
    writeReport(report, folder)
    const page = readFileSync(join(folder, 'benchmarks.md'), 'utf8')
    const drawn = [...page.matchAll(/\]\((benchmarks\/[^)]+\.svg)\)/g)].map(([, path = '']) => path)
    assert.equal(drawn.length, 2)
    for (const path of drawn) assert.match(readFileSync(join(folder, path), 'utf8'), /^<svg /)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'benchmarks.json'), 'utf8')), report)
  })
})
