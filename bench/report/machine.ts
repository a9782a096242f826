import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
  readonly postgres: string
}

export const machine = (postgres: string): Machine => ({
  cpu: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  kernel: `${type()} ${release()}`,
  node: process.version,
  postgres,
})

/** The commit that is measured, and whether what is measured is more than that. */
export function commit(root: string): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' }).trim()
  try {
    // What the bench itself writes is no change to what is measured.
    const changed = git('status', '--porcelain', '--', ':!docs/benchmarks*')
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? ', with changes' : ''}`
  } catch {
    return 'unknown'
  }
}
