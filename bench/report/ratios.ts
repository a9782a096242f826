import { bareBcrypt, usual } from '../plan.ts'
import type { Round } from '../run/round.ts'
import type { Result } from '../run/trials.ts'
import { figure, none } from './format.ts'
import { median } from './median.ts'

/** This service beside another server, asked the same. */
export interface Ratio {
  readonly what: string
  readonly against: string
  readonly ours: number
  readonly theirs: number
  /** The median of the rounds' own ratios: what disturbs one round disturbs its neighbour. */
  readonly ratio: number
  /** The least and the largest of them. */
  readonly range: readonly [least: number, most: number]
  readonly target: string | null
  /** By the median, and in how many of how many rounds. */
  readonly met: { readonly all: boolean; readonly rounds: number; readonly of: number } | null
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
  'me, p99 of the open loop, limit': { most: 1.5 },
  'refresh, p99 of the open loop, limit': { most: 1.5 },
  [`login, throughput, ${bareBcrypt}`]: { least: 0.95 },
  [`register, throughput, ${bareBcrypt}`]: { least: 0.95 },
  'me, throughput, better-auth': { least: 40 },
  'refresh, throughput, better-auth': { least: 15 },
}

const perSecond = (round: Round) => round.perSecond
const p99 = ({ latencies }: Round) => latencies?.p99 ?? null

/**
 * Every loop beside that of every other server, where both were asked with as many connections as usual. Open loops are
 * compared where both were offered the same: the p99 of one that is asked less says nothing.
 */
export function ratiosOf(results: readonly Result[]): Ratio[] {
  const closed = usualOnes(results.filter(({ loop }) => loop === 'closed'))
  const open = usualOnes(results.filter(({ loop }) => loop === 'open'))
  const others = (ours: Result, all: readonly Result[]) =>
    all.filter(({ asked, server, offered }) => asked === ours.asked && server !== own && offered === ours.offered)
  return closed
    .filter(({ server }) => server === own)
    .flatMap((ours) => {
      const inOpen = open.find(({ server, asked }) => server === own && asked === ours.asked)
      return [
        ...others(ours, closed).flatMap((theirs) => [
          compare(ours, theirs, 'throughput', perSecond),
          compare(ours, theirs, 'p99', p99),
        ]),
        ...(inOpen ? others(inOpen, open).map((theirs) => compare(inOpen, theirs, 'p99 of the open loop', p99)) : []),
      ]
    })
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
  measure: 'throughput' | 'p99' | 'p99 of the open loop',
  of: (round: Round) => number | null,
): Ratio | null {
  const pairs = ours.rounds.flatMap((round, index) => {
    const other = theirs.rounds[index]
    const [a, b] = [of(round), other ? of(other) : null]
    return a === null || b === null ? [] : [[a, b] as const]
  })
  if (pairs.length === 0) return null
  const each = pairs.map(([a, b]) => a / b)
  const ratio = median(each)
  const goal = goals[`${ours.asked}, ${measure}, ${theirs.server}`]
  return {
    what: `${ours.asked}, ${measure}, ${ours.connections} connections`,
    against: theirs.server,
    ours: median(pairs.map(([a]) => a)),
    theirs: median(pairs.map(([, b]) => b)),
    ratio,
    range: [Math.min(...each), Math.max(...each)],
    target: goal ? wordsOf(goal) : null,
    met: goal ? { all: meets(goal)(ratio), rounds: each.filter(meets(goal)).length, of: each.length } : null,
  }
}

const meets =
  ({ least = 0, most = Number.POSITIVE_INFINITY }: Goal) =>
  (ratio: number) =>
    ratio >= least && ratio <= most

const wordsOf = ({ least, most }: Goal) => (least === undefined ? `at most ${most}` : `at least ${least}`)

/** What a table says of a target: where the rounds do not agree with their median, how many do. */
export function verdict({ met }: Ratio): string {
  if (met === null) return none
  const word = met.all ? 'yes' : 'no'
  const agree = met.all ? met.rounds : met.of - met.rounds
  return agree === met.of ? word : `${word}, in ${agree} of ${met.of} rounds`
}

export const rangeWords = ({ range: [least, most] }: Ratio): string => `${figure(least)} to ${figure(most)}`
