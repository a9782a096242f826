import { setTimeout as sleep } from 'node:timers/promises'
import type { Kind } from '../adapter.ts'
import { hashes } from '../plan.ts'
import type { Contestant } from './contestants.ts'
import type { BenchPostgres } from './database.ts'
import { runRound } from './round.ts'
import { countingWire } from './round-trips.ts'
import { startServer } from './server.ts'

/** Database round trips for one request: where one asks at a time, and where many do and may share. */
export interface RoundTrips {
  readonly server: string
  readonly asked: Kind
  readonly alone: number
  readonly together: number
}

const together = 32
const togetherHashing = 4
/** Passwords take long to hash, so that it takes longer to see enough of them. In milliseconds. */
const lasts = (kind: Kind) => (hashes(kind) ? 1_500 : 500)
/** Statements are prepared and caches filled before anything is counted. */
const warming = 300
const idle = 1_000

/** How long the passes for these kinds take, in seconds. */
export const secondsToCount = (kinds: readonly Kind[]): number =>
  kinds.reduce((sum, kind) => sum + (warming + 2 * lasts(kind) + 3 * 400) / 1000, (idle * 2 + 1_000) / 1000)

/** A pass of its own, with a counting wire before the database: what is asked in the background is taken off. */
export async function countRoundTrips(
  contestant: Contestant,
  kinds: readonly Kind[],
  postgres: BenchPostgres,
): Promise<RoundTrips[]> {
  const { adapter, place } = contestant
  await using opened = new AsyncDisposableStack()
  const wire = await countingWire(place.databaseUrl)
  opened.defer(wire.stop)
  const server = await startServer(adapter, { ...place, databaseUrl: wire.url }, null)
  opened.defer(server.stop)
  await sleep(idle)
  const quiet = wire.asked
  await sleep(idle)
  const perMs = (wire.asked - quiet) / idle

  async function count(asked: Kind, connections: number, measureMs = lasts(asked)): Promise<number> {
    const { file, sessions, accounts } = contestant
    const [before, since] = [wire.asked, performance.now()]
    const settings = { adapter: file, asked, host: place.host, port: place.port, connections, perSecond: null }
    const done = await runRound(server, postgres, null, {
      ...settings,
      warmUpMs: 0,
      measureMs,
      sessions,
      accounts,
      round: `count-${asked}-${connections}-${Date.now()}`,
    })
    contestant.sessions = done.sessions
    const background = perMs * (performance.now() - since)
    return Math.max(0, wire.asked - before - background) / done.sent
  }

  const counted: RoundTrips[] = []
  for (const asked of kinds) {
    await count(asked, hashes(asked) ? togetherHashing : together, warming)
    const alone = await count(asked, 1)
    counted.push({
      server: adapter.name,
      asked,
      alone,
      together: await count(asked, hashes(asked) ? togetherHashing : together),
    })
  }
  return counted
}
