/**
 * Runs every suite but the long ones, or those that are named, on one PostgreSQL of their own, with the coverage of
 * `src` as a gate; with `--long` the long ones, one after the other. Ends with a line `N passed, N failed`, and fails
 * when a test did.
 */
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { boundFiles } from './support/bounded.ts'
import { startPostgres } from './support/postgres.ts'

const long = process.argv[2] === '--long'
const named = process.argv.slice(long ? 3 : 2)
const all = long ? globSync('test/long/**/*.test.ts') : globSync('test/**/*.test.ts', { exclude: ['test/long/**'] })
const files = named.length > 0 ? named : all.toSorted()
const whole = named.length === 0 && !long

const server = await startPostgres()
process.env.TEST_DATABASE_URL = server.url
// Bounds for what hangs, far above the longest on a busy machine: for a test, and for all of a file. Ten million rows take
// most of an hour.
const testSeconds = long ? 7_200 : 400
const folder = mkdtempSync(join(tmpdir(), 'latchkey-files-'))
const compiled = mkdtempSync(join(tmpdir(), 'latchkey-compiled-'))
// A few hundred processes load the same sources, and need not all strip the types from them and compile them. What
// measures starts afresh. Of code from the cache, coverage now and then misses a line, and never counts one too many.
if (!long) process.env.NODE_COMPILE_CACHE = compiled
/** Files whose tests have all passed, and whose process hung in its exit all the same. */
const hung: string[] = []
boundFiles({ seconds: testSeconds * 1.2, grace: 15, folder }, (file, pid, hasPassed) => {
  console.error(`${file} ${hasPassed ? 'has passed, and hangs in its exit' : 'does not end'}: killed`)
  if (hasPassed) hung.push(file)
  process.kill(pid, 'SIGKILL')
})
const tally = { passed: 0, failed: 0, skipped: 0 }

try {
  const stream = run({
    files,
    // The long sets measure, or fill the machine by themselves.
    concurrency: long ? 1 : availableParallelism(),
    timeout: testSeconds * 1000,
    execArgv: [
      // Examples import this package by its name; here that means its sources.
      '--conditions=latchkey-source',
      '--import',
      import.meta.resolve('./support/bounded.ts'),
    ],
    coverage: whole,
    coverageIncludeGlobs: ['src/**/*.ts'],
    lineCoverage: whole ? 95 : 0,
  })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || isFile(event)) return
    if (event.skip) tally.skipped++
    else tally.passed++
  })
  stream.on('test:fail', (event) => {
    // Node's own fault, of which none of these tests is a witness.
    if (isFile(event) && hung.some((file) => file.endsWith(event.name.replaceAll('/', ':')))) return
    // A suite that only holds failed tests is counted by them; one that broke by itself has no other witness.
    const { type, error } = event.details
    const because = 'failureType' in error ? error.failureType : undefined
    if (type !== 'suite' || because !== 'subtestsFailed') tally.failed++
  })
  let gate = true
  stream.on('test:diagnostic', ({ message }) => {
    if (/coverage does not meet threshold/i.test(message)) gate = false
  })
  const printed = stream.compose(new spec())
  for await (const text of printed) process.stdout.write(text)
  if (!gate) console.error('The coverage of src is below its gate.')
  process.exitCode = tally.failed === 0 && tally.passed > 0 && gate ? 0 : 1
} finally {
  for (const each of [folder, compiled]) rmSync(each, { recursive: true, force: true })
  await server.stop()
}

if (tally.skipped > 0) console.log(`${tally.skipped} skipped, as said above`)
console.log(`${tally.passed} passed, ${tally.failed} failed`)

/** The runner reports each file as a test of its own around those inside. */
function isFile({ name }: { name: string }): boolean {
  return name.endsWith('.test.ts')
}
