/**
 * `npm run bench:profile`: where the time of `me` and `refresh` goes. Runs the built service under load with V8's profiler on,
 * and writes `docs/profile.md` with a flame graph of each; into another folder where one is named.
 */
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildService } from '../scripts/build.ts'
import type { Adapter } from './adapter.ts'
import { adapter as latchkey } from './adapters/latchkey.ts'
import { type CallFrame, type CpuProfile, readFrames, selfByArea } from './report/cpu-profile.ts'
import { flameGraph } from './report/flame-graph.ts'
import { figure, table } from './report/format.ts'
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
const profiled: Adapter = {
  ...latchkey,
  launch(place) {
    const launch = latchkey.launch(place)
    const [node, ...words] = launch.command
    const profiling = ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${folder}`]
    return { ...launch, command: [node, ...profiling, ...words.slice(0, -1), join(built, 'main.js')] }
  },
}

/** The clock of the profiler, in microseconds. */
const monotonic = () => Number(process.hrtime.bigint() / 1000n)
const cores = chooseCores()
await using postgres = Object.assign(await startDatabase(cores.rest), {
  [Symbol.asyncDispose]: () => postgres.stop(),
})
const file = join(import.meta.dirname, 'adapters', 'latchkey.ts')
const contestant = await enter({ adapter: profiled, file }, postgres, { folder, sessions: 256, accounts: false })
const server = await startServer(profiled, contestant.place, cores.server)
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
if (path === undefined) throw new Error('the service wrote no profile')
const profile: CpuProfile = JSON.parse(readFileSync(path, 'utf8'))

const maps = new Map<string, SourceMap>()
function sourceOf({ url, lineNumber, columnNumber }: CallFrame): string {
  if (!url.startsWith('file:') || !url.includes('.tmp-built-')) return url
  const map = maps.get(url) ?? new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')))
  maps.set(url, map)
  const entry = map.findEntry(lineNumber, columnNumber)
  return 'originalSource' in entry ? entry.originalSource : url
}

const profiles = windows.map((window) => ({ ...window, frames: readFrames(profile, window, sourceOf) }))
const sums = profiles.map(({ frames, sent }) => ({ areas: selfByArea(frames), sent }))
const names = [...new Set(sums.flatMap(({ areas }) => [...areas.keys()]))]
const all = sums.map(({ areas }) => [...areas.values()].reduce((sum, value) => sum + value, 0))
const cells = (name: string) =>
  sums.flatMap(({ areas, sent }, index) => {
    const self = areas.get(name) ?? 0
    return [figure(self / sent), figure((100 * self) / (all[index] ?? 0))]
  })
const total = sums.flatMap(({ sent }, index) => [figure((all[index] ?? 0) / sent), '100'])
const { cpu, cores: count, node } = machine(postgres.version)
const page = [
  '# Where the time goes',
  `Written by \`npm run bench:profile\`, ${new Date().toISOString().slice(0, 10)}, at commit ${commit(root)}. ${cpu}, ${count} cores; Node ` +
    `${node}; PostgreSQL ${postgres.version}. The built service with \`--cpu-prof\`, ${connections} connections, ${cores.about}. Load average when it began: ${loadBefore.toFixed(1)}.`,
  'What its thread does, in microseconds of a request, by whose code it is in: a function that is native works for the one ' +
    'that calls it. The profiler costs time itself, so that these requests are slower than those of the [benchmarks](benchmarks.md). ' +
    'What a socket takes for an answer is where JavaScript hands it over.',
  table(
    ['self time', ...kinds.flatMap((kind) => [`${kind}, µs`, '%'])],
    [...names.map((name) => [name, ...cells(name)]), ['all', ...total]],
  ),
  ...kinds.map((kind) => `![The flame graph of ${kind}](profile/${kind}.svg)`),
]
mkdirSync(join(out, 'profile'), { recursive: true })
for (const { asked, frames } of profiles) {
  writeFileSync(join(out, 'profile', `${asked}.svg`), flameGraph(`${asked}: who calls whom, by time`, frames))
}
writeFileSync(join(out, 'profile.md'), `${page.join('\n\n')}\n`)
console.log(page.join('\n\n'))
