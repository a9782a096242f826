import { bareBcrypt, usual } from '../plan.ts'
import type { Round } from '../run/round.ts'
import type { Result } from '../run/trials.ts'
import { median } from './median.ts'

/** This service beside another server, asked the same. */
export interface Ratio {
  readonly what: string
  readonly against: string
  readonly ours: number
  readonly theirs: number
  /** The median of the rounds' own ratios: what disturbs one round disturbs its neighbour. */
  readonly ratio: number
  readonly target: string | null
  readonly met: boolean | null
}

interface Goal {
  readonly least?: number
  readonly most?: number
}

const own = 'latchkey'
/** What is aimed at, by what is measured and against whom. */
const goals: Readonly<Record<string, Goal>> = {
  'me, throughput, limit': { least: 0.8 },
  'refresh, throughput, limit': { least: 0.8 },
  'me, p99, limit': { most: 1.5 },
  'refresh, p99, limit': { most: 1.5 },
  [`login, throughput, ${bareBcrypt}`]: { least: 0.95 },
  [`register, throughput, ${bareBcrypt}`]: { least: 0.95 },
  'me, throughput, better-auth': { least: 40 },
  'refresh, throughput, better-auth': { least: 15 },
}

/** Every closed loop beside every other server, where both were asked with as many connections as usual. */
export function ratiosOf(results: readonly Result[]): Ratio[] {
  const closed = usualOnes(results.filter(({ loop }) => loop === 'closed'))
  return closed
    .filter(({ server }) => server === own)
    .flatMap((ours) =>
      closed
        .filter(({ asked, server }) => asked === ours.asked && server !== own)
        .flatMap((theirs) => [
          compare(ours, theirs, 'throughput', ({ perSecond }) => perSecond),
          compare(ours, theirs, 'p99', ({ latencies }) => latencies?.p99 ?? null),
        ]),
    )
    .filter((ratio) => ratio !== null)
}

/** Of each server and kind the trial with the usual number of connections, or else the one with the most. */
function usualOnes(results: readonly Result[]): Result[] {
  const ranked = results.toSorted((a, b) => rank(b) - rank(a))
  return results.filter(
    (one) => ranked.find(({ asked, server }) => asked === one.asked && server === one.server) === one,
  )
}

const rank = ({ connections }: Result) => (connections === usual ? Number.POSITIVE_INFINITY : connections)

function compare(
  ours: Result,
  theirs: Result,
  measure: 'throughput' | 'p99',
  of: (round: Round) => number | null,
): Ratio | null {
  const pairs = ours.rounds.flatMap((round, index) => {
    const other = theirs.rounds[index]
    const [a, b] = [of(round), other ? of(other) : null]
    return a === null || b === null ? [] : [[a, b] as const]
  })
  if (pairs.length === 0) return null
  const ratio = median(pairs.map(([a, b]) => a / b))
  const goal = goals[`${ours.asked}, ${measure}, ${theirs.server}`]
  return {
    what: `${ours.asked}, ${measure}, ${ours.connections} connections`,
    against: theirs.server,
    ours: median(pairs.map(([a]) => a)),
    theirs: median(pairs.map(([, b]) => b)),
    ratio,
    target: goal ? wordsOf(goal) : null,
    met: goal ? ratio >= (goal.least ?? 0) && ratio <= (goal.most ?? Number.POSITIVE_INFINITY) : null,
  }
}

const wordsOf = ({ least, most }: Goal) => (least === undefined ? `at most ${most}` : `at least ${least}`)
