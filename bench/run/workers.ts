import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from '../adapter.ts'
import { freshWarmUp } from '../plan.ts'
import type { Contestant } from './contestants.ts'
import type { BenchPostgres } from './database.ts'
import { freePort } from './free-port.ts'
import { coresForWorkers } from './pinning.ts'
import type { Progress } from './progress.ts'
import { type Round, runRound } from './round.ts'
import { startServer } from './server.ts'

/** This service with one worker and with two, asked the same in turn. */
export interface Workers {
  readonly placement: string
  /** Whether the workers share their cores with the load and PostgreSQL: then no ratio says what two cores carry. */
  readonly shared: boolean
  readonly connections: number
  readonly kinds: readonly { readonly asked: Kind; readonly one: readonly Round[]; readonly two: readonly Round[] }[]
}

interface Extent {
  readonly rounds: number
  readonly seconds: number
}

/** The kernel spreads connections by chance: of so many, no worker gets far more than its share. */
const most = 128
const asking = ['jwks', 'me'] as const
const counts = ['one', 'two'] as const
/** After a start, in milliseconds. */
const settling = 1_000
/** In seconds. What a request takes of a core is compared, and it falls for some seconds after a start. */
const warmUp = { first: freshWarmUp, later: 0.3 }

export const secondsOfWorkers = ({ rounds, seconds }: Extent): number =>
  4 + asking.length * counts.length * (rounds * (seconds + warmUp.later + 0.35) + warmUp.first)

/** Both serve one database, whose sessions they share, and take turns. */
export async function measureWorkers(
  contestant: Contestant,
  postgres: BenchPostgres,
  { rounds, seconds }: Extent,
  progress: Progress,
): Promise<Workers> {
  const { adapter, file, sessions, accounts } = contestant
  const cores = coresForWorkers()
  postgres.pin(cores.rest)
  await using started = new AsyncDisposableStack()
  const start = async (workers: number) => {
    const place = { ...contestant.place, port: await freePort() }
    const server = await startServer(adapter, place, cores.server, { WORKERS: String(workers) })
    started.defer(server.stop)
    return server
  }
  const servers = { one: await start(1), two: await start(2) }
  await sleep(settling)

  const connections = Math.min(most, sessions.length)
  const kinds = asking.map((asked) => ({ asked, one: [] as Round[], two: [] as Round[] }))
  for (const kind of kinds) {
    for (let round = 0; round < rounds; round++) {
      for (const count of counts) {
        const warming = round === 0 ? warmUp.first : warmUp.later
        progress.step(`${kind.asked}, ${count} of its workers, round ${round + 1}`, seconds + warming + 0.35)
        const server = servers[count]
        const { host, port } = server.place
        const done = await runRound(server, postgres, cores.rest, {
          ...{ adapter: file, asked: kind.asked, host, port, connections, perSecond: null, sessions, accounts },
          warmUpMs: warming * 1000,
          measureMs: seconds * 1000,
          round: `workers-${kind.asked}-${count}-${round}`,
        })
        kind[count].push(done.round)
      }
    }
  }
  return { placement: cores.about, shared: cores.shared, connections, kinds }
}
