/**
 * Mutation testing: changes the rules, the use cases and the token codec in every small way that Stryker knows, one at a
 * time, and looks whether a unit test of the same area notices. `npm run test:mutation -- keys tokens` looks at those
 * areas alone.
 *
 * Fails when less than 90 % of all these mutants are noticed, and when one that is not noticed has no reason in
 * `docs/security/mutation-survivors.md`.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { type Mutant, type Mutated, namedSurvivors, scoreOf, surplus, survivorsOf } from './survivors.ts'

interface Area {
  readonly sources: readonly string[]
  readonly tests: readonly string[]
}

const feature = (name: string): Area => ({
  sources: [`src/${name}/{domain,application}/*.ts`],
  tests: [`test/${name}/{domain,application}/*.test.ts`],
})
const areas: Readonly<Record<string, Area>> = {
  accounts: feature('accounts'),
  sessions: feature('sessions'),
  keys: feature('keys'),
  throttle: feature('throttle'),
  tokens: {
    sources: [
      'src/platform/jwt/compact.ts',
      'src/sessions/infrastructure/*.jwt.ts',
      'src/keys/infrastructure/token-signer.jws.ts',
    ],
    tests: ['test/platform/jwt/*.test.ts', 'test/{keys,sessions}/infrastructure/*token*.test.ts'],
  },
  kernel: { sources: ['src/kernel/*.ts'], tests: ['test/kernel/*.test.ts'] },
}
const needed = 90

const here = import.meta.dirname
const root = dirname(dirname(here))
const work = join(root, '.tmp', 'mutation')
const named = process.argv.slice(2)
const chosen = Object.entries(areas).filter(([name]) => named.length === 0 || named.includes(name))
if (chosen.length < named.length) throw new Error(`the areas are ${Object.keys(areas).join(', ')}`)

install()
rmSync(work, { recursive: true, force: true })
mkdirSync(work, { recursive: true })
const startedAt = performance.now()
const mutants: Mutant[] = []
const survivors: string[] = []
const looked: string[] = []
const scores: string[] = []
for (const [name, area] of chosen) {
  const files = mutate(name, area)
  const ofArea = Object.values(files).flatMap((file) => file.mutants)
  mutants.push(...ofArea)
  looked.push(...Object.keys(files))
  survivors.push(...Object.entries(files).flatMap(([path, file]) => survivorsOf(path, file)))
  scores.push(scoreOf(name, ofArea).text)
}
judge()

/** Stryker brings many packages that nothing else has a use for, so they stay apart from the service's own. */
function install(): void {
  const mark = join(here, 'node_modules', '.installed')
  const wanted = createHash('sha256')
    .update(readFileSync(join(here, 'package-lock.json')))
    .digest('hex')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: here,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
  writeFileSync(mark, wanted)
}

/** Runs Stryker on one area. */
function mutate(name: string, { sources, tests }: Area): Readonly<Record<string, Mutated>> {
  const [config, report] = [join(work, `${name}.config.json`), join(work, `${name}.json`)]
  const options = {
    mutate: sources,
    testRunner: 'tap',
    plugins: [join(here, 'node_modules/@stryker-mutator/tap-runner/dist/src/index.js')],
    tap: {
      testFiles: fast(tests),
      nodeArgs: ['-r', '{{hookFile}}', '--test-reporter=tap', '{{testFile}}'],
    },
    coverageAnalysis: 'perTest',
    concurrency: availableParallelism(),
    // A mutant that loops is noticed by its time; one on a busy machine must not be.
    timeoutMS: 15_000,
    // Stryker would rewrite the paths in it by a call that TypeScript 7 has no more; nothing here reads one.
    tsconfigFile: 'none.json',
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    tempDirName: join('.tmp', 'mutation', 'sandbox'),
    ignorePatterns: ['/.*', '/clients', '/coverage', '/data', '/dist', '/docs', '/examples', '/test/long'],
  }
  writeFileSync(config, JSON.stringify(options, null, 2))
  // The test runner starts `node` by its name; that is to be the one that runs this.
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const stryker = join(here, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  console.log(`\n== ${name}`)
  const { status } = spawnSync(process.execPath, [stryker, 'run', config], {
    cwd: root,
    stdio: 'inherit',
    // Thousands of processes load the same few files.
    env: { ...process.env, PATH, NODE_COMPILE_CACHE: join(work, 'compiled') },
  })
  if (status !== 0) process.exit(status ?? 1)
  return JSON.parse(readFileSync(report, 'utf8')).files
}

/** Those of the tests that need nothing but themselves: hundreds of runs leave no time for a database or a service. */
function fast(tests: readonly string[]): string[] {
  const slow = /\/support\/(?:postgres|processes|service)\.ts'|\/platform\/postgres\//
  return globSync([...tests], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !slow.test(readFileSync(join(root, path), 'utf8')))
    .toSorted()
}

function judge(): void {
  const named = namedSurvivors(readFileSync(join(root, 'docs/security/mutation-survivors.md'), 'utf8'))
  const nameless = surplus(survivors, named)
  const gone = surplus(named, survivors).filter((one) => looked.some((path) => one.startsWith(`${path}: `)))
  const total = scoreOf('total', mutants)
  console.log(`\n${[...scores, total.text].join('\n')}`)
  console.log(`in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  if (nameless.length > 0) console.error(`\nUnnoticed, and without a reason:\n${nameless.join('\n')}`)
  if (gone.length > 0) console.error(`\nNamed as unnoticed, and noticed by now:\n${gone.join('\n')}`)
  process.exitCode = total.score >= needed && nameless.length === 0 && gone.length === 0 ? 0 : 1
}
