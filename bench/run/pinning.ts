import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Who runs where. Null: wherever the kernel puts it. */
export interface Cores {
  readonly server: number | null
  /** The load and PostgreSQL share the other core. */
  readonly rest: number | null
  readonly about: string
}

/** The server on a core of its own, where there are two and `taskset` to say so. */
export function chooseCores(): Cores {
  const taskset = spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0
  if (!taskset) return { server: null, rest: null, about: 'nothing is pinned: there is no `taskset`' }
  if (availableParallelism() < 2) return { server: null, rest: null, about: 'nothing is pinned: there is one core' }
  return {
    server: 0,
    rest: 1,
    about:
      'the server on core 0, PostgreSQL and the load on core 1; where passwords are hashed, the server on all cores',
  }
}

/** A command line that runs on that core alone. */
export function pinned(core: number | null, command: readonly [string, ...string[]]): [string, ...string[]] {
  return core === null ? [...command] : ['taskset', '-c', String(core), ...command]
}

/** Moves processes that run already, with all their threads. What they start later stays there too. */
export function pin(core: number | null, pids: readonly number[]): void {
  if (core === null) return
  for (const pid of pids) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
}
