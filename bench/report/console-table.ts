import type { Result } from '../run/trials.ts'
import { median } from './median.ts'

/** The medians of all that was measured, for a terminal. */
export function consoleTable(results: readonly Result[]): string {
  const header = ['kind', 'loop', 'conns', 'server', 'per s', 'p50', 'p99', 'p99.9', 'CPU s/1000', 'generator']
  const rows = results.map(({ asked, loop, connections, server, rounds }) => {
    const middle = (of: (round: Result['rounds'][number]) => number | null | undefined, digits: number) => {
      const values = rounds.map(of).filter((value) => value !== null && value !== undefined)
      return values.length === 0 ? '–' : median(values).toFixed(digits)
    }
    return [
      asked,
      loop,
      String(connections),
      server,
      middle(({ perSecond }) => perSecond, 1),
      middle(({ latencies }) => latencies?.p50, 2),
      middle(({ latencies }) => latencies?.p99, 2),
      middle(({ latencies }) => latencies?.p999, 2),
      middle(({ cpuPerThousand }) => cpuPerThousand, 3),
      middle(({ generatorShare }) => generatorShare, 2),
    ]
  })
  return aligned([header, ...rows])
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n')
}
