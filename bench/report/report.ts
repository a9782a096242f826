import type { RoundTrips } from '../run/count.ts'
import type { StatementRate } from '../run/statements.ts'
import type { Memory, Result } from '../run/trials.ts'
import type { Workers } from '../run/workers.ts'
import type { Machine } from './machine.ts'

/** All that a run has found: what `benchmarks.json` holds, and what everything else is made from. */
export interface Report {
  readonly command: string
  /** Whether it is a quick look: short rounds that nobody should quote. */
  readonly quick: boolean
  readonly date: string
  readonly commit: string
  /** How long the run took, in seconds. */
  readonly took: number
  /** How many others ran or waited for a core when it began: what is measured beside them is not all the server's. */
  readonly loadBefore: number
  readonly machine: Machine
  readonly placement: string
  readonly servers: readonly { readonly name: string; readonly about: string }[]
  readonly results: readonly Result[]
  readonly memory: readonly Memory[]
  readonly roundTrips: readonly RoundTrips[]
  readonly statements: readonly StatementRate[]
  /** Null where that was not asked for. */
  readonly workers: Workers | null
}
