import type { Result } from '../run/trials.ts'
import { figure, middle, none, table } from './format.ts'
import type { Plot } from './plots.ts'
import { rangeWords, ratiosOf, verdict } from './ratios.ts'
import type { Report } from './report.ts'
import { workersTable, workersWords } from './workers.ts'

const megabyte = 1_000_000

/**
 * The page that a person reads. Everything on it comes from the report.
 *
 * @param readme where the bench describes itself, as seen from the page.
 * @param distance what stands between this service and the limit, in words: the one part that no figure tells.
 */
export function markdown(report: Report, plots: readonly Plot[], readme: string, distance: string): string {
  const { machine, servers } = report
  const parts = [
    '# Benchmarks',
    `Written by \`${report.command}\`, ${report.date}, at commit ${report.commit}, in ${Math.round(report.took / 60)} ` +
      `minutes. ${machine.cpu}, ${machine.cores} cores, ${figure(machine.memoryBytes / 1e9)} GB; ${machine.kernel}; ` +
      `Node ${machine.node}; PostgreSQL ${machine.postgres}, which writes every commit through to the disk. Load average when it began: ${report.loadBefore.toFixed(1)}.`,
    ...(report.quick ? ['**A quick look: few and short rounds, to see that all works, not figures to quote.**'] : []),
    `Placement: ${report.placement}. How it is measured stands in [bench/README.md](${readme}); every round is ` +
      'in [benchmarks.json](benchmarks.json).',
    servers.map(({ name, about }) => `- **${name}**: ${about}.`).join('\n'),
    ...section(
      'Ratios',
      ratios(report),
      'Medians of interleaved rounds, this service divided by the other; each round has a ratio of its own.',
    ),
    distance.trim(),
    ...section('Closed loop', loops(report.results, 'closed'), 'Each connection asks again when it is answered.'),
    ...section(
      'Open loop',
      loops(report.results, 'open'),
      'Requests arrive at a fixed rate, half of what the closed loop reached; the limit program gets the rate of this ' +
        'service. Times count from when a request was due, also where it waited for a connection.',
    ),
    ...section('The mix, by kind', mix(report.results), 'Of a hundred requests 90 `me`, 9 `refresh`, 1 `login`.'),
    ...section('What a request costs', costs(report), costsWords),
    ...section('Memory', memory(report), 'Of the server alone, which serves from one core, with all its processes.'),
    ...(report.workers ? section('Workers', workersTable(report.workers), workersWords(report.workers)) : []),
    ...section('PostgreSQL alone', statements(report), statementsWords(report)),
    ...(plots.length > 0
      ? ['## Plots', plots.map(({ title, file }) => `![${title}](benchmarks/${file})`).join('\n\n')]
      : []),
  ]
  return `${parts.join('\n\n')}\n`
}

const section = (title: string, content: string | null, words: string) =>
  content === null ? [] : [`## ${title}`, words, content]

function ratios({ results }: Report): string | null {
  const rows = ratiosOf(results).map((one) => [
    one.what,
    one.against,
    figure(one.ratio),
    rangeWords(one),
    one.target ?? none,
    verdict(one),
    figure(one.ours),
    figure(one.theirs),
  ])
  const header = ['what', 'against', 'ratio', 'in its rounds', 'target', 'met', 'ours', 'theirs']
  return rows.length === 0 ? null : table(header, rows)
}

function loops(results: readonly Result[], wanted: Result['loop']): string | null {
  const rows = results
    .filter(({ loop }) => loop === wanted)
    .map(({ asked, connections, server, offered, rounds }) => [
      asked,
      server === 'bare bcrypt' ? none : String(connections),
      server,
      ...(wanted === 'open' ? [figure(offered)] : []),
      middle(rounds, ({ perSecond }) => perSecond),
      middle(rounds, ({ latencies }) => latencies?.p50),
      middle(rounds, ({ latencies }) => latencies?.p99),
      middle(rounds, ({ latencies }) => latencies?.p999),
      middle(rounds, ({ cpuPerThousand }) => cpuPerThousand),
      wanted === 'open'
        ? middle(rounds, ({ unsent }) => unsent)
        : middle(rounds, ({ generatorShare }) => generatorShare),
    ])
  const rate = wanted === 'open' ? ['offered a second'] : []
  const last = wanted === 'open' ? 'never sent' : 'load, cores'
  const header = [
    'kind',
    'connections',
    'server',
    ...rate,
    'a second',
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'CPU s per 1000',
    last,
  ]
  return rows.length === 0 ? null : table(header, rows)
}

function mix(results: readonly Result[]): string | null {
  const rows = results
    .filter(({ asked }) => asked === 'mix')
    .flatMap(({ loop, server, rounds }) =>
      (['me', 'refresh', 'login'] as const).map((kind) => [
        loop,
        server,
        kind,
        middle(rounds, ({ byKind }) => byKind[kind]?.p50),
        middle(rounds, ({ byKind }) => byKind[kind]?.p99),
        middle(rounds, ({ byKind }) => byKind[kind]?.p999),
      ]),
    )
  return rows.length === 0 ? null : table(['loop', 'server', 'kind', 'p50 ms', 'p99 ms', 'p99.9 ms'], rows)
}

const costsWords =
  'Round trips are what the server asked PostgreSQL and waited for, counted on the wire in a pass of its own, without ' +
  'what it asks in the background: where one client asks at a time, and where 32 do (4 where passwords are hashed). ' +
  'Bytes of the write-ahead log are those of the closed loop; whole pages are written at the first change after a checkpoint.'

function costs({ results, roundTrips }: Report): string | null {
  const rows = roundTrips.map(({ server, asked, alone, together }) => {
    const ofKind = results.filter((one) => one.server === server && one.asked === asked && one.loop === 'closed')
    const rounds = ofKind.find(({ connections }) => connections === 32)?.rounds ?? ofKind.at(-1)?.rounds ?? []
    return [
      asked,
      server,
      figure(alone),
      figure(together),
      middle(rounds, ({ walPerRequest }) => walPerRequest),
      middle(rounds, ({ fullPagesPerThousand }) => fullPagesPerThousand),
    ]
  })
  const header = ['kind', 'server', 'round trips, alone', 'together', 'WAL bytes', 'whole pages per 1000']
  return rows.length === 0 ? null : table(header, rows)
}

function memory({ memory }: Report): string | null {
  const rows = memory.map(({ server, atRest, peak }) => [server, figure(atRest / megabyte), figure(peak / megabyte)])
  return rows.length === 0 ? null : table(['server', 'at rest, MB', 'at most, MB'], rows)
}

const statementsWords = ({ statements }: Report) =>
  `The service's hot statements by themselves, prepared, asked by ${statements[0]?.by === 'pgbench' ? '`pgbench`' : 'a client in Node'}, ` +
  'PostgreSQL on the other core: in batches of 16 sessions on two connections, and one by one.'

function statements({ statements }: Report): string | null {
  const rows = statements.map(({ name, connections, perSecond, mean }) => [
    name,
    String(connections),
    figure(perSecond),
    figure(mean),
  ])
  return rows.length === 0 ? null : table(['statement', 'connections', 'rows a second', 'mean ms'], rows)
}
