import type { Round } from '../run/round.ts'
import type { Result } from '../run/trials.ts'
import { type Line, linePlot } from './line-plot.ts'
import { median } from './median.ts'

export interface Plot {
  readonly title: string
  readonly file: string
  readonly svg: string
}

const measures: readonly { readonly name: string; readonly file: string; of(round: Round): number | null }[] = [
  { name: 'requests a second', file: 'throughput', of: ({ perSecond }) => perSecond },
  { name: 'p99, milliseconds', file: 'p99', of: ({ latencies }) => latencies?.p99 ?? null },
]

/** One plot for each kind that was asked with several numbers of connections, and each measure. */
export function plotsOf(results: readonly Result[]): Plot[] {
  const closed = results.filter(({ loop }) => loop === 'closed')
  return [...new Set(closed.map(({ asked }) => asked))].flatMap((asked) => {
    const ofKind = closed.filter((one) => one.asked === asked)
    if (new Set(ofKind.map(({ connections }) => connections)).size < 2) return []
    return measures.map(({ name, file, of }) => ({
      title: `${asked}: ${name}`,
      file: `${asked}-${file}.svg`,
      svg: linePlot({ title: asked, x: 'connections', y: name }, linesOf(ofKind, of)),
    }))
  })
}

const linesOf = (results: readonly Result[], of: (round: Round) => number | null): Line[] =>
  [...new Set(results.map(({ server }) => server))].map((server) => ({
    name: server,
    points: results
      .filter((one) => one.server === server)
      .map(
        ({ connections, rounds }) => [connections, median(rounds.map(of).filter((value) => value !== null))] as const,
      )
      .filter(([, value]) => value > 0),
  }))
