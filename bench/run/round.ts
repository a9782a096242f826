import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Session } from '../adapter.ts'
import type { Latencies } from '../load/latencies.ts'
import type { LoadMessage, LoadReport, LoadSettings } from '../load/messages.ts'
import type { BenchPostgres } from './database.ts'
import { type Core, pinned } from './pinning.ts'
import type { BenchServer } from './server.ts'
import { usageOf } from './usage.ts'

/** What one round has measured. Null: what a program that only hashes has not, or the system does not tell. */
export interface Round {
  readonly requests: number
  readonly perSecond: number
  /** In milliseconds. */
  readonly latencies: Latencies | null
  readonly byKind: LoadReport['byKind']
  /** In an open loop: what was due and never sent. */
  readonly unsent: number
  /** The server's seconds, with all its processes, for a thousand requests. */
  readonly cpuPerThousand: number | null
  readonly walPerRequest: number | null
  readonly fullPagesPerThousand: number | null
  /** What share of a core the load generator took. */
  readonly generatorShare: number | null
}

const program = join(import.meta.dirname, '..', 'load', 'main.ts')

/** Runs the load against the server, and measures both between its two marks. */
export async function runRound(
  server: BenchServer,
  postgres: BenchPostgres,
  core: Core,
  settings: LoadSettings,
): Promise<{ round: Round; sessions: readonly Session[]; sent: number }> {
  const places: Promise<{ cpu: number | null; wal: Awaited<ReturnType<BenchPostgres['walPlace']>> }>[] = []
  const mark = async () => ({ cpu: usageOf(server.pid)?.cpuSeconds ?? null, wal: await postgres.walPlace() })
  const { sessions, sent, seconds, cpuSeconds, ...report } = await load(core, settings, () => void places.push(mark()))
  const [before, after] = await Promise.all(places)
  if (!before || !after) throw new Error('a round without its marks')
  const share = (value: number) => value / report.requests
  const round = {
    ...report,
    cpuPerThousand: before.cpu === null || after.cpu === null ? null : share(after.cpu - before.cpu) * 1000,
    walPerRequest: share(after.wal.bytes - before.wal.bytes),
    fullPagesPerThousand: share(after.wal.fullPages - before.wal.fullPages) * 1000,
    generatorShare: cpuSeconds / seconds,
  }
  return { round, sessions, sent }
}

async function load(core: Core, settings: LoadSettings, onMark: () => void): Promise<LoadReport> {
  const [command, ...parameters] = pinned(core, [process.execPath, program])
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  try {
    let report: LoadReport | undefined
    let failure = 'the load ended without a report'
    child.on('message', (message: LoadMessage) => {
      if (message.kind === 'report') report = message.report
      else if (message.kind === 'failed') failure = message.reason
      else onMark()
    })
    child.send(settings)
    await once(child, 'close')
    if (!report) throw new Error(failure)
    return report
  } finally {
    process.off('exit', end)
  }
}
