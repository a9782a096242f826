import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** A core, or several as `taskset` lists them. Null: wherever the kernel puts it. */
export type Core = number | string | null

/** Who runs where. */
export interface Cores {
  readonly server: Core
  /** The load and PostgreSQL share the other core. */
  readonly rest: Core
  readonly about: string
}

const hasTaskset = () => spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0

/** The server on a core of its own, where there are two and `taskset` to say so. */
export function chooseCores(): Cores {
  if (!hasTaskset()) return { server: null, rest: null, about: 'nothing is pinned: there is no `taskset`' }
  if (availableParallelism() < 2) return { server: null, rest: null, about: 'nothing is pinned: there is one core' }
  return {
    server: 0,
    rest: 1,
    about:
      'the server on core 0, PostgreSQL and the load on core 1; where passwords are hashed, the server on all cores',
  }
}

/** Two cores for up to two workers, and the others for all else; where there are fewer than four, all have all. */
export function coresForWorkers(): Cores & { readonly shared: boolean } {
  const count = availableParallelism()
  const about = `workers, PostgreSQL and the load share ${count} cores`
  if (!hasTaskset()) return { server: null, rest: null, shared: true, about }
  if (count < 4) return { server: null, rest: `0-${count - 1}`, shared: true, about }
  return {
    server: '0,1',
    rest: `2-${count - 1}`,
    shared: false,
    about: `workers on cores 0 and 1, PostgreSQL and the load on the other ${count - 2}`,
  }
}

/** A command line that runs on that core alone. */
export function pinned(core: Core, command: readonly [string, ...string[]]): [string, ...string[]] {
  return core === null ? [...command] : ['taskset', '-c', String(core), ...command]
}

/** Moves processes that run already, with all their threads. What they start later stays there too. */
export function pin(core: Core, pids: readonly number[]): void {
  if (core === null) return
  for (const pid of pids) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
}
