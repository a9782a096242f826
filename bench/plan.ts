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
const hashingStretch = 2

/** Every trial of a run, in the order in which they are run. */
export function plan(options: Options, adapters: readonly Adapter[]): Trial[] {
  const { only, rounds, seconds, connections } = options
  const trial = (asked: Asked, loop: Trial['loop'], count: number, stretch = 1): Trial => ({
    asked,
    loop,
    connections: count,
    rounds,
    seconds: seconds * stretch,
    servers: [
      ...adapters.filter(({ calls }) => isAskable(calls, asked)).map(({ name }) => name),
      ...(asked === 'login' || asked === 'register' ? [bareBcrypt] : []),
    ],
  })
  const one = connections.includes(usual) ? usual : (connections.at(-1) ?? usual)
  const trials: Readonly<Record<Asked, Trial[]>> = {
    me: [...connections.map((count) => trial('me', 'closed', count)), trial('me', 'open', one)],
    refresh: [...connections.map((count) => trial('refresh', 'closed', count)), trial('refresh', 'open', one)],
    jwks: [trial('jwks', 'closed', one)],
    login: [trial('login', 'closed', hashingConnections, hashingStretch)],
    register: [trial('register', 'closed', hashingConnections, hashingStretch)],
    mix: [trial('mix', 'closed', mixConnections, hashingStretch), trial('mix', 'open', usual, hashingStretch)],
  }
  return only.flatMap((asked) => trials[asked]).toSorted((a, b) => Number(hashes(a.asked)) - Number(hashes(b.asked)))
}

/** Before a round counts, in seconds. */
export const warmUp = 0.3
/** What a round needs beside its time, in seconds: a process is started and ended. */
const around = 0.35

export const secondsOf = (trials: readonly Trial[]): number =>
  trials.reduce((sum, { servers, rounds, seconds }) => sum + servers.length * rounds * (seconds + warmUp + around), 0)
