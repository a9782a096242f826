/** `npm run bench`: measures this service beside the limit program and its peers. See bench/README.md. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { help, OptionError, type Options, parseOptions } from './options.ts'
import { hashes, plan, secondsOf } from './plan.ts'
import { consoleTable } from './report/console-table.ts'
import { enter, loadAdapter } from './run/contestants.ts'
import { startDatabase } from './run/database.ts'
import { chooseCores } from './run/pinning.ts'
import { showProgress } from './run/progress.ts'
import { type Result, runTrials } from './run/trials.ts'

async function bench(options: Options): Promise<void> {
  const entries = await Promise.all(options.adapters.map(async (file) => ({ file, adapter: await loadAdapter(file) })))
  const trials = plan(
    options,
    entries.map(({ adapter }) => adapter),
  )
  const cores = chooseCores()
  const preparing = 15 + entries.length * (options.quick ? 4 : 15)
  const progress = showProgress(secondsOf(trials) + preparing)
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))

  progress.step('building and installing what is missing', 15)
  for (const { adapter } of entries) await adapter.install?.()
  const postgres = await startDatabase(cores.rest)
  opened.defer(() => postgres.stop())
  const sessions = Math.max(32, ...trials.map(({ connections }) => connections))
  const seedAll = trials.some(({ asked }) => hashes(asked))
  const contestants = []
  for (const entry of entries) {
    progress.step(`opening ${sessions} sessions on ${entry.adapter.name}`, preparing / entries.length)
    contestants.push(await enter(entry, postgres, { folder, sessions, seedAll }))
  }
  const results: Result[] = []
  const track = { postgres, cores, progress, results }
  for (const all of [false, true]) {
    const some = trials.filter(({ asked }) => hashes(asked) === all)
    if (some.length > 0) await runTrials(some, contestants, track)
  }
  progress.done()
  console.log(consoleTable(results))
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options) await bench(options)
  else console.log(help)
} catch (error) {
  console.error(error instanceof OptionError ? `${error.message}\n\n${help}` : error)
  process.exitCode = 1
}
