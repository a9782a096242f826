import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Calls, type Kind, kinds } from '../adapter.ts'
import type { Options } from '../options.ts'
import { hashes, plan, secondsOf, type Trial } from '../plan.ts'
import { commit, machine } from '../report/machine.ts'
import type { Report } from '../report/report.ts'
import { type Contestant, enter, loadAdapter } from './contestants.ts'
import { countRoundTrips, type RoundTrips, secondsToCount } from './count.ts'
import { type BenchPostgres, startDatabase } from './database.ts'
import { chooseCores } from './pinning.ts'
import { type Progress, showProgress } from './progress.ts'
import { hasPgbench, measureStatements, secondsOfStatements } from './statements.ts'
import { type Memory, type Result, runTrials } from './trials.ts'
import { measureWorkers, secondsOfWorkers } from './workers.ts'

const root = resolve(import.meta.dirname, '..', '..')
/** Estimates for the progress line, in seconds. */
const building = 12
const seedingOne = 0.06

/** The whole run, from the first build to the report. What it starts it stops, also when it fails. */
export async function bench(options: Options, command: string): Promise<Report> {
  const startedAt = performance.now()
  const [loadBefore = 0] = loadavg()
  const entries = await Promise.all(options.adapters.map(async (file) => ({ file, adapter: await loadAdapter(file) })))
  const adapters = entries.map(({ adapter }) => adapter)
  const trials = plan(options, adapters)
  const sessions = Math.max(32, ...trials.map(({ connections }) => connections))
  const counted = adapters.flatMap(({ calls }) => kindsToCount(calls, options))
  const entering = 3 + sessions * seedingOne
  const statementSeconds = Math.min(options.seconds, 3)
  const progress = showProgress(
    building +
      entries.length * entering +
      secondsOf(trials) +
      secondsToCount(counted) +
      secondsOfStatements(statementSeconds) +
      (options.workers ? secondsOfWorkers(options) : 0),
  )
  const cores = chooseCores()

  await using opened = new AsyncDisposableStack()
  opened.defer(progress.done)
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  progress.step('building and installing what is missing', building)
  for (const adapter of adapters) await adapter.install?.()
  const postgres = await startDatabase(cores.rest)
  opened.defer(() => postgres.stop())

  const contestants: Contestant[] = []
  for (const entry of entries) {
    progress.step(`opening ${sessions} sessions on ${entry.adapter.name}`, entering)
    contestants.push(
      await enter(entry, postgres, { folder, sessions, accounts: trials.some(({ asked }) => hashes(asked)) }),
    )
  }
  const results: Result[] = []
  const memory: Memory[] = []
  for (const hashing of [false, true]) {
    const some: Trial[] = trials.filter(({ asked }) => hashes(asked) === hashing)
    if (some.length === 0) continue
    const used = await runTrials(some, contestants, { postgres, cores, progress, results })
    if (!hashing) memory.push(...used)
  }
  const roundTrips = await countAll(contestants, options, postgres, progress)
  progress.step('the hot statements by themselves', secondsOfStatements(statementSeconds))
  const ours = contestants.find(({ adapter }) => adapter.name === 'latchkey')
  const how = { folder, core: cores.server, seconds: statementSeconds }
  const by = hasPgbench() ? 'pgbench' : 'node'
  const statements = ours ? await measureStatements(ours.place.databaseUrl, how, by) : []
  const workers = ours && options.workers ? await measureWorkers(ours, postgres, options, progress) : null
  return {
    command,
    quick: options.quick,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(root),
    took: Math.round((performance.now() - startedAt) / 1000),
    loadBefore,
    machine: machine(postgres.version),
    placement: cores.about,
    servers: adapters.map(({ name, about }) => ({ name, about })),
    results,
    memory,
    roundTrips,
    statements,
    workers,
  }
}

/** Public keys are in memory, and asked for without the database. */
const kindsToCount = (calls: Calls, { only }: Options): Kind[] =>
  kinds.filter((kind) => kind !== 'jwks' && calls[kind] && only.includes(kind))

async function countAll(
  contestants: readonly Contestant[],
  options: Options,
  postgres: BenchPostgres,
  progress: Progress,
): Promise<RoundTrips[]> {
  const all: RoundTrips[] = []
  for (const contestant of contestants) {
    const { name, calls } = contestant.adapter
    const wanted = kindsToCount(calls, options)
    if (wanted.length === 0) continue
    progress.step(`counting round trips of ${name}`, secondsToCount(wanted))
    all.push(...(await countRoundTrips(contestant, wanted, postgres)))
  }
  return all
}
