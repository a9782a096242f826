import type { Round } from '../run/round.ts'
import type { Workers } from '../run/workers.ts'
import { figure, middle, none, table } from './format.ts'
import { median } from './median.ts'

/** What two workers are to answer, where one answers 1. */
const least = 1.7

export const workersWords = ({ placement, shared, connections }: Workers): string =>
  `This service with \`WORKERS=1\` and \`WORKERS=2\`, ${connections} connections, rounds in turn; ${placement}.` +
  (shared
    ? ' So one worker leaves a core to the load and PostgreSQL and two do not, and the ratio is not what two cores ' +
      'carry: for that PostgreSQL and the load have to be elsewhere, which takes four cores. "By CPU" is twice what one ' +
      'worker takes of a core for a request over what two take: what two whole cores would answer if nothing but the workers ran there.'
    : ' "By CPU" is twice what one worker takes of a core for a request over what two take.')

/** A row for each kind. The target is judged where the workers have cores of their own. */
export function workersTable({ kinds, shared }: Workers): string {
  const rows = kinds.map(({ asked, one, two }) => {
    const ratio = medianOfPairs(two, one, ({ perSecond }) => perSecond)
    return [
      asked,
      middle(one, ({ perSecond }) => perSecond),
      middle(two, ({ perSecond }) => perSecond),
      figure(ratio),
      `at least ${least}`,
      shared ? none : ratio >= least ? 'yes' : 'no',
      middle(one, ({ cpuPerThousand }) => cpuPerThousand),
      middle(two, ({ cpuPerThousand }) => cpuPerThousand),
      figure(2 * medianOfPairs(one, two, ({ cpuPerThousand }) => cpuPerThousand)),
      middle(two, ({ generatorShare }) => generatorShare),
    ]
  })
  const cpu = ['CPU s per 1000, one', 'two', 'by CPU']
  return table(['kind', 'one, a second', 'two', 'ratio', 'target', 'met', ...cpu, 'load, cores'], rows)
}

const medianOfPairs = (above: readonly Round[], below: readonly Round[], of: (round: Round) => number | null) =>
  median(
    above.flatMap((round, index) => {
      const other = below[index]
      const [a, b] = [of(round), other ? of(other) : null]
      return a === null || b === null ? [] : [a / b]
    }),
  )
