import type { Adapter } from './adapter.ts'
import { type Asked, isAskable } from './load/script.ts'
import type { Options } from './options.ts'

/** What is measured with the same settings on each of its servers in turn. */
export interface Trial {
  readonly asked: Asked
  readonly loop: 'closed' | 'open'
  readonly connections: number
  readonly rounds: number
  readonly seconds: number
  readonly servers: readonly string[]
  /** Whether each round has processes of its own: two of the same program, side by side, differ by a tenth and more. */
  readonly fresh: boolean
}

/** A bare program that does nothing but hash: what `register` and `login` can't surpass. */
export const bareBcrypt = 'bare bcrypt'

/** Those that hash passwords have all cores; the others have one, and leave the other to the load and the database. */
export const hashes = (asked: Asked): boolean => asked === 'login' || asked === 'register' || asked === 'mix'

/** In flight where passwords are hashed: enough that no core waits, few enough that nothing but hashing waits long. */
const hashingConnections = 4
/** A day's mix, with few connections: in a closed loop all of them soon wait for a login. */
const mixConnections = 8
/** Where the open loop, and what has no row of its own for each number, is measured. */
export const usual = 32
/** Hashes are few a second, so that it takes longer to count them. */
const hashingStretch = 2.4

/** Every trial of a run, in the order in which they are run. */
export function plan(options: Options, adapters: readonly Adapter[]): Trial[] {
  const { quick, only, rounds, seconds, connections } = options
  const trial = (asked: Asked, loop: Trial['loop'], count: number, turns: number): Trial => ({
    asked,
    loop,
    connections: count,
    rounds: turns,
    seconds: seconds * (hashes(asked) ? hashingStretch : 1),
    servers: [
      ...adapters.filter(({ calls }) => isAskable(calls, asked)).map(({ name }) => name),
      ...(loop === 'closed' && (asked === 'login' || asked === 'register') ? [bareBcrypt] : []),
    ],
    fresh: false,
  })
  const one = connections.includes(usual) ? usual : (connections.at(-1) ?? usual)
  /** Where no target is judged. */
  const fewer = Math.min(2, rounds)
  const judged = (asked: Asked, count: number) => count === one && asked !== 'jwks'
  const across = (asked: Asked) => [
    ...connections.map((count) => ({
      ...trial(asked, 'closed', count, judged(asked, count) ? rounds : fewer),
      fresh: !quick && judged(asked, count),
    })),
    trial(asked, 'open', one, judged(asked, one) ? rounds : fewer),
  ]
  const hashing = (asked: Asked) => [
    trial(asked, 'closed', hashingConnections, rounds),
    trial(asked, 'open', usual, fewer),
  ]
  const trials: Readonly<Record<Asked, Trial[]>> = {
    me: across('me'),
    refresh: across('refresh'),
    jwks: across('jwks'),
    login: hashing('login'),
    register: hashing('register'),
    mix: [trial('mix', 'closed', mixConnections, fewer), trial('mix', 'open', usual, fewer)],
  }
  return only.flatMap((asked) => trials[asked]).toSorted((a, b) => Number(hashes(a.asked)) - Number(hashes(b.asked)))
}

/** Before a round counts, in seconds. Where passwords are hashed, until all that wait have a whole queue before them. */
export const warmUp = (asked: Asked): number => (hashes(asked) ? 1 : 0.3)
/** The same where a process is asked this for the first time: its caches are filled then, and most of its code is compiled. */
export const firstWarmUp = 1.5
/** And where its figures are judged: a `refresh` becomes cheaper for six seconds, and until then pauses of 60 ms come. */
export const freshWarmUp = 8
/** What a round needs beside its time, in seconds: a process is started and ended. */
const around = 0.35
/** What a round needs besides where the server is a process of its own, in seconds. */
const aroundFresh = 1.5

export const secondsOfRound = ({ asked, seconds, fresh }: Trial): number =>
  seconds + around + (fresh ? aroundFresh + freshWarmUp : warmUp(asked))

export const secondsOf = (trials: readonly Trial[]): number =>
  trials.reduce((sum, trial) => sum + trial.servers.length * trial.rounds * secondsOfRound(trial), 0)
