import type { Asked } from '../load/script.ts'
import { bareBcrypt, firstWarmUp, freshWarmUp, hashes, secondsOfRound, type Trial, warmUp } from '../plan.ts'
import { median } from '../report/median.ts'
import { runBareBcrypt } from './bare-bcrypt.ts'
import type { Contestant } from './contestants.ts'
import type { BenchPostgres } from './database.ts'
import type { Core, Cores } from './pinning.ts'
import type { Progress } from './progress.ts'
import { type Round, runRound } from './round.ts'
import { type BenchServer, startServer } from './server.ts'
import { usageOf } from './usage.ts'

/** One server's rounds in one trial. */
export interface Result {
  readonly asked: Asked
  readonly loop: Trial['loop']
  readonly connections: number
  readonly server: string
  /** Arrivals a second in an open loop. */
  readonly offered: number | null
  readonly rounds: readonly Round[]
}

/** Bytes of a server that serves from one core: when it is ready, and at most until its last round. */
export interface Memory {
  readonly server: string
  readonly atRest: number
  readonly peak: number
}

/** A server and the process that it has at present. */
interface Running {
  readonly contestant: Contestant
  server: BenchServer
  /** What has been asked of this process. */
  readonly warm: Set<Asked>
  atRest: number | undefined
  peak: number
}

interface Track {
  readonly postgres: BenchPostgres
  readonly cores: Cores
  readonly progress: Progress
  readonly results: Result[]
}

/** What a server does after its start, such as opening connections, is over by then. In milliseconds. */
const settling = 1_000

/** Runs all trials of one kind of place: the servers take turns, and start once but where a trial has them start anew. */
export async function runTrials(
  trials: readonly Trial[],
  contestants: readonly Contestant[],
  track: Track,
): Promise<Memory[]> {
  const taking = contestants.filter(({ adapter }) => trials.some(({ servers }) => servers.includes(adapter.name)))
  const all = trials.some(({ asked }) => hashes(asked))
  const core = all ? null : track.cores.server
  await using started = new AsyncDisposableStack()
  const servers = new Map<string, Running>()
  for (const contestant of taking) {
    const server = await startServer(contestant.adapter, contestant.place, core)
    const running: Running = { contestant, server, warm: new Set(), atRest: undefined, peak: 0 }
    started.defer(() => running.server.stop())
    servers.set(contestant.adapter.name, running)
  }
  await new Promise((resolve) => setTimeout(resolve, settling))
  for (const running of servers.values()) running.atRest = usageOf(running.server.pid)?.resident

  for (const trial of trials) {
    const rounds = new Map(trial.servers.map((name) => [name, [] as Round[]]))
    for (let round = 0; round < trial.rounds; round++) {
      for (const name of trial.servers) {
        track.progress.step(label(trial, name, round), secondsOfRound(trial))
        const entered = servers.get(name)
        if (entered && trial.fresh) await renew(entered, core)
        const measured = entered
          ? await runOne(trial, entered, track, round)
          : await runBareBcrypt(trial.asked, trial.seconds)
        rounds.get(name)?.push(measured)
      }
    }
    for (const [server, measured] of rounds) {
      const { asked, loop, connections } = trial
      track.results.push({ asked, loop, connections, server, offered: offered(trial, server, track), rounds: measured })
    }
  }
  return [...servers].flatMap(([name, running]) => {
    const peak = peakOf(running)
    return running.atRest === undefined || peak === 0 ? [] : [{ server: name, atRest: running.atRest, peak }]
  })
}

/** Of all processes that it had until now. */
const peakOf = ({ server, peak }: Running): number => Math.max(peak, usageOf(server.pid)?.peak ?? 0)

async function renew(running: Running, core: Core): Promise<void> {
  const { adapter, place } = running.contestant
  running.peak = peakOf(running)
  await running.server.stop()
  running.server = await startServer(adapter, place, core)
  running.warm.clear()
}

async function runOne(
  trial: Trial,
  { contestant, server, warm }: Running,
  track: Track,
  round: number,
): Promise<Round> {
  const { asked, connections, seconds } = trial
  const { adapter, file, place, accounts, sessions } = contestant
  const done = await runRound(server, track.postgres, track.cores.rest, {
    adapter: file,
    asked,
    host: place.host,
    port: place.port,
    connections,
    perSecond: offered(trial, adapter.name, track),
    warmUpMs: 1000 * (trial.fresh ? freshWarmUp : warm.has(asked) ? warmUp(asked) : firstWarmUp),
    measureMs: seconds * 1000,
    sessions,
    accounts,
    round: `${asked}-${trial.loop}-${connections}-${round}-${Date.now()}`,
  }).catch((error: Error) => {
    throw new Error(`${label(trial, adapter.name, round)}: ${error.message}`)
  })
  warm.add(asked)
  contestant.sessions = done.sessions
  return done.round
}

/**
 * In an open loop half of what the server reached in the closed one before. The limit program is offered what this
 * service is, so that the two are asked the same.
 */
function offered(trial: Trial, server: string, { results }: Pick<Track, 'results'>): number | null {
  if (trial.loop === 'closed') return null
  const like = server === 'limit' ? 'latchkey' : server
  const closed = results.filter(
    ({ asked, loop, server }) => asked === trial.asked && loop === 'closed' && server === like,
  )
  const before = closed.find(({ connections }) => connections === trial.connections) ?? closed.at(-1)
  if (!before) throw new Error(`an open loop of ${trial.asked} with no closed one before it`)
  return Math.max(1, Math.round(median(before.rounds.map(({ perSecond }) => perSecond)) / 2))
}

const label = ({ asked, loop, connections }: Trial, server: string, round: number) =>
  server === bareBcrypt
    ? `${asked}, ${server}, round ${round + 1}`
    : `${asked}, ${loop} loop, ${connections} connections, ${server}, round ${round + 1}`
