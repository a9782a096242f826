import type { Account, Session } from '../adapter.ts'
import type { Counted } from './closed-loop.ts'
import type { Latencies } from './latencies.ts'
import type { Asked } from './script.ts'

/** What the process that makes the load is told. */
export interface LoadSettings {
  /** The file of the adapter. */
  readonly adapter: string
  readonly asked: Asked
  readonly host: string
  readonly port: number
  readonly connections: number
  /** Arrivals a second for an open loop; null for a closed one. */
  readonly perSecond: number | null
  readonly warmUpMs: number
  readonly measureMs: number
  readonly sessions: readonly Session[]
  readonly accounts: readonly Account[]
  readonly round: string
}

export interface LoadReport {
  /** Of all together, and of each kind in a mix. */
  readonly latencies: Latencies
  readonly byKind: Partial<Record<Counted, Latencies>>
  /** Answered in the measured time; in an open loop, due in it. */
  readonly requests: number
  /** All that were sent, also before and after the measured time. */
  readonly sent: number
  readonly perSecond: number
  readonly seconds: number
  /** What the generator itself used in that time. */
  readonly cpuSeconds: number
  /** In an open loop: what was due and never sent. */
  readonly unsent: number
  /** As they are after the round. */
  readonly sessions: readonly Session[]
}

/** What it tells: when the measured time begins and ends, and then its report, or why there is none. */
export type LoadMessage =
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'report'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly reason: string }
