/**
 * Makes a release of what is on `main`: version, changelog, bill of materials, one commit, one tag. It publishes nothing
 * and pushes nothing. `npm run release`, with `-- --dry-run` to see what it would do, and `-- --version X.Y.Z` to say
 * the version instead of the commits. See docs/releasing.md.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { announced, sectionOf, withRelease } from './release/changelog.ts'
import { type Commit, nextVersion, readCommit, readVersion } from './release/commits.ts'
import { withoutTools } from './release/parts.ts'
import {
  expectCleanMain,
  git,
  lastRelease,
  messagesSince,
  output,
  passes,
  ReleaseRefused,
  refuse,
} from './release/repository.ts'

const bill = 'sbom.cdx.json'
const changelogFile = 'CHANGELOG.md'
/** The tag of the image that the manifests for Kubernetes name. */
const kustomization = 'deploy/kubernetes/kustomization.yaml'

const read = (path: string) => readFileSync(path, 'utf8')
const readJson = (path: string) => JSON.parse(read(path))

interface Plan {
  readonly version: string
  readonly since: string | null
  readonly commits: readonly Commit[]
  readonly changelog: string
}

/** What is to be released. @throws ReleaseRefused where there is nothing, or no agreement on what. */
function plan(asked: string | undefined): Plan {
  const since = lastRelease()
  const commits = messagesSince(since).map(({ first, rest }) => readCommit(first, rest))
  const { version: current } = readJson('package.json')
  if (since !== null && since !== `v${current}`) refuse(`package.json says ${current}, and the last tag is ${since}.`)
  if (asked !== undefined && readVersion(asked) === null) refuse(`${asked} is no version such as 1.2.3.`)
  // The first one is what package.json says that it is.
  const version = asked ?? (since === null ? current : nextVersion(current, commits))
  if (version === null) return refuse(`Nothing that a user would notice has changed since ${since}.`)
  if (since !== null && !isLater(version, current)) refuse(`${version} is not later than ${current}.`)
  const said = announced(read(changelogFile))
  if (said !== null && said !== version) {
    refuse(`The changelog announces ${said}, and the commits make ${version}. Mend it, or say --version ${said}.`)
  }
  if (git('tag', '--list', `v${version}`) !== '') refuse(`The tag v${version} exists.`)
  const date = new Date().toISOString().slice(0, 10)
  return { version, since, commits, changelog: withRelease(read(changelogFile), version, date, commits) }
}

function isLater(version: string, than: string): boolean {
  const [a, b] = [readVersion(version) ?? [], readVersion(than) ?? []]
  const first = a.findIndex((number, index) => number !== b[index])
  return first !== -1 && (a[first] ?? 0) > (b[first] ?? 0)
}

function tell({ version, since, commits, changelog }: Plan): void {
  console.log(`\n${version}, of ${commits.length} commits since ${since ?? 'the beginning'}:\n`)
  for (const { type, subject, breaking } of commits) {
    console.log(`  ${breaking === null ? ' ' : '!'} ${(type ?? '-').padEnd(6)} ${subject}`)
  }
  console.log(`\nThe changelog:\n\n${sectionOf(changelog, version)}\n`)
  const files = [
    'package.json',
    'package-lock.json',
    changelogFile,
    bill,
    ...(existsSync(kustomization) ? [kustomization] : []),
  ]
  console.log(`Written: ${files.join(', ')}. Committed as "${messageOf(version)}", tagged v${version}.\n`)
}

/** The files of the release. The OpenAPI document takes its version from `package.json`. */
function write({ version, changelog: text }: Plan): void {
  output('npm', 'version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts')
  writeFileSync(changelogFile, text)
  if (existsSync(kustomization)) {
    writeFileSync(kustomization, read(kustomization).replace(/(newTag: ).*/, `$1${version}`))
  }
  const whole = JSON.parse(output('npm', 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'))
  const parts = withoutTools(whole, readJson('package-lock.json'), readJson('package.json').name)
  writeFileSync(bill, `${JSON.stringify(parts, null, 2)}\n`)
}

const messageOf = (version: string) => `chore: ${version} is released`

function commit(version: string): void {
  git('add', '--all')
  git('commit', '--quiet', '--message', messageOf(version))
  git('tag', '--annotate', `v${version}`, '--message', `Latchkey ${version}`)
}

function release(planned: Plan): void {
  const before = git('rev-parse', 'HEAD')
  if (!passes('bash', '.ci/run')) refuse('The checks are not green: nothing was changed.')
  expectCleanMain()
  if (git('rev-parse', 'HEAD') !== before) refuse('Meanwhile main has moved: the checks were for another commit.')
  const hadBill = existsSync(bill)
  try {
    write(planned)
    commit(planned.version)
  } catch (error) {
    // All was committed before, so this takes back what was written here and nothing else.
    git('reset', '--quiet', '--hard', before)
    if (!hadBill) rmSync(bill, { force: true })
    throw error
  }
  const tag = `v${planned.version}`
  console.log(`\n${tag} is committed and tagged here. Nothing has left this machine. To publish it:

  git push origin main ${tag}
  npm pack && npm publish ./latchkey-${planned.version}.tgz --provenance    # in the workflow that may prove its origin`)
}

try {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, version: { type: 'string' } } })
  expectCleanMain()
  const planned = plan(values.version)
  tell(planned)
  if (values['dry-run']) console.log('A dry run: nothing of this was done, and no check has run.')
  else release(planned)
} catch (error) {
  if (!(error instanceof ReleaseRefused) && !(error instanceof TypeError && 'code' in error)) throw error
  console.error(`release: ${(error as Error).message}`)
  process.exitCode = 1
}
