/**
 * `npm run bench:profile`: where the time of `me` and `refresh` goes, in the built service and in the limit program. Runs both
 * under load with V8's profiler on, and writes `docs/profile.md` with a flame graph of each; into another folder where one is named.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildService } from '../scripts/build.ts'
import type { Adapter } from './adapter.ts'
import { adapter as latchkey } from './adapters/latchkey.ts'
import { adapter as limit } from './adapters/limit.ts'
import { type CallFrame, type CpuProfile, readFrames, selfByArea } from './report/cpu-profile.ts'
import { flameGraph } from './report/flame-graph.ts'
import { figure, none, table } from './report/format.ts'
import { commit, machine } from './report/machine.ts'
import { enter } from './run/contestants.ts'
import { startDatabase } from './run/database.ts'
import { chooseCores } from './run/pinning.ts'
import { runRound } from './run/round.ts'
import { startServer } from './run/server.ts'

const root = resolve(import.meta.dirname, '..')
const out = resolve(root, process.argv[2] ?? 'docs')
const connections = 32
const [warmUpMs, measureMs] = [3_000, 8_000]
const kinds = ['me', 'refresh'] as const
const [loadBefore = 0] = loadavg()

process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-profile-'))
// Beside the sources, where packages are found.
const built = mkdtempSync(join(root, '.tmp-built-'))
process.once('exit', () => {
  for (const path of [folder, built]) rmSync(path, { recursive: true, force: true })
})
await buildService(built, { sourceMaps: true })

/** Samples every quarter of a millisecond. */
const profiling = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`]
/** What is sampled is written by a program that ends by itself. */
const ending = "--import=data:text/javascript,process.once('SIGTERM',()=>process.exit())"

const ours: Adapter = {
  ...latchkey,
  launch(place) {
    const launch = latchkey.launch(place)
    const [node, ...words] = launch.command
    return { ...launch, command: [node, ...profiling, ...words.slice(0, -1), join(built, 'main.js')] }
  },
}
const theirs: Adapter = {
  ...limit,
  launch(place) {
    const launch = limit.launch(place)
    const [node, ...words] = launch.command
    return { ...launch, command: [node, ...profiling, ending, ...words] }
  },
}

/** The clock of the profiler, in microseconds. */
const monotonic = () => Number(process.hrtime.bigint() / 1000n)
const cores = chooseCores()
// The limit program's tables are made by the service's own command.
await latchkey.install?.()
await using postgres = Object.assign(await startDatabase(cores.rest), {
  [Symbol.asyncDispose]: () => postgres.stop(),
})

/** What one server does for each kind of request, and for how many of them. */
async function profile(adapter: Adapter) {
  const file = join(import.meta.dirname, 'adapters', `${adapter.name}.ts`)
  const contestant = await enter({ adapter, file }, postgres, { folder, sessions: 256, accounts: false })
  const server = await startServer(adapter, contestant.place, cores.server)
  const windows = []
  for (const asked of kinds) {
    const load = (milliseconds: number) =>
      runRound(server, postgres, cores.rest, {
        ...{ adapter: file, asked, host: '127.0.0.1', port: contestant.place.port, connections, perSecond: null },
        ...{ warmUpMs: 0, measureMs: milliseconds, sessions: contestant.sessions, accounts: [], round: asked },
      })
    contestant.sessions = (await load(warmUpMs)).sessions
    const from = monotonic()
    const { sessions, sent } = await load(measureMs)
    contestant.sessions = sessions
    windows.push({ asked, sent, from, until: monotonic() })
  }
  // It writes its profile when it ends.
  await server.stop()
  const [path] = globSync(join(folder, `*.${server.pid}.0.*.cpuprofile`))
  if (path === undefined) throw new Error(`${adapter.name} wrote no profile`)
  const written: CpuProfile = JSON.parse(readFileSync(path, 'utf8'))
  return windows.map((window) => ({ ...window, server: adapter.name, frames: readFrames(written, window, sourceOf) }))
}

const maps = new Map<string, SourceMap>()
function sourceOf({ url, lineNumber, columnNumber }: CallFrame): string {
  if (!url.startsWith('file:') || !url.includes('.tmp-built-')) return url
  const map = maps.get(url) ?? new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')))
  maps.set(url, map)
  const entry = map.findEntry(lineNumber, columnNumber)
  return 'originalSource' in entry ? entry.originalSource : url
}

const measured = [...(await profile(ours)), ...(await profile(theirs))]
const profiles = kinds.flatMap((kind) => measured.filter(({ asked }) => asked === kind))
const columns = profiles.map(({ asked, server, frames, sent }) => {
  const areas = selfByArea(frames)
  const all = [...areas.values()].reduce((sum, value) => sum + value, 0)
  return { header: `${asked}, ${server}`, areas: new Map([...areas, ['all', all]]), sent }
})
const names = [...new Set(columns.flatMap(({ areas }) => [...areas.keys()]))].filter((name) => name !== 'all')
const row = (name: string) => [
  name,
  ...columns.map(({ areas, sent }) => (areas.has(name) ? figure((areas.get(name) ?? 0) / sent) : none)),
]
const { cpu, cores: count, node } = machine(postgres.version)
const fileOf = (asked: string, server: string) => (server === latchkey.name ? `${asked}.svg` : `${asked}-${server}.svg`)
const page = [
  '# Where the time goes',
  `Written by \`npm run bench:profile\`, ${new Date().toISOString().slice(0, 10)}, at commit ${commit(root)}. ${cpu}, ${count} cores; Node ` +
    `${node}; PostgreSQL ${postgres.version}. The built service and [the limit program](../bench/README.md#the-limits) with \`--cpu-prof\`, ${connections} connections, ${cores.about}. Load average when it began: ${loadBefore.toFixed(1)}.`,
  'What their threads do, in microseconds of a request, by whose code it is in: a function that is native works for the one ' +
    'that calls it. The profiler costs time itself, so that these requests are slower than those of the [benchmarks](benchmarks.md). ' +
    'What a socket takes for an answer is where JavaScript hands it over.',
  table(['self time, µs', ...columns.map(({ header }) => header)], [...names, 'all'].map(row)),
  ...profiles.map(({ asked, server }) => `![The flame graph of ${asked}, ${server}](profile/${fileOf(asked, server)})`),
]
mkdirSync(join(out, 'profile'), { recursive: true })
for (const { asked, server, frames } of profiles) {
  const drawn = flameGraph(`${asked}, ${server}: who calls whom, by time`, frames)
  writeFileSync(join(out, 'profile', fileOf(asked, server)), drawn)
}
writeFileSync(join(out, 'profile.md'), `${page.join('\n\n')}\n`)
console.log(page.join('\n\n'))
