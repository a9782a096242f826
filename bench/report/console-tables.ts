import { figure, middle, none } from './format.ts'
import { rangeWords, ratiosOf, verdict } from './ratios.ts'
import type { Report } from './report.ts'

/** The ratios and the medians of all that was measured, for a terminal. */
export function consoleTables({ results, memory, roundTrips }: Report): string {
  const ratios = ratiosOf(results).map((one) => [
    one.what,
    one.against,
    figure(one.ratio),
    rangeWords(one),
    one.target ?? none,
    verdict(one),
  ])
  const rows = results.map(({ asked, loop, connections, server, rounds }) => [
    asked,
    loop,
    String(connections),
    server,
    middle(rounds, ({ perSecond }) => perSecond),
    middle(rounds, ({ latencies }) => latencies?.p50),
    middle(rounds, ({ latencies }) => latencies?.p99),
    middle(rounds, ({ latencies }) => latencies?.p999),
    middle(rounds, ({ cpuPerThousand }) => cpuPerThousand),
    middle(rounds, ({ walPerRequest }) => walPerRequest),
    middle(rounds, ({ generatorShare }) => generatorShare),
  ])
  const header = ['kind', 'loop', 'conns', 'server', 'per s', 'p50', 'p99', 'p99.9', 'CPU s/1000', 'WAL', 'load']
  const trips = roundTrips.map(({ server, asked, alone, together }) => [asked, server, figure(alone), figure(together)])
  const resident = memory.map(({ server, atRest, peak }) => [server, figure(atRest / 1e6), figure(peak / 1e6)])
  return [
    aligned([['what', 'against', 'ratio', 'in its rounds', 'target', 'met'], ...ratios]),
    aligned([header, ...rows]),
    aligned([['round trips', 'server', 'alone', 'together'], ...trips]),
    aligned([['memory', 'at rest, MB', 'at most, MB'], ...resident]),
  ].join('\n\n')
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n')
}
