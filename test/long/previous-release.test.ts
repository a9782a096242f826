import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { assertNothingLost, goOn, seedFor } from '../faults/kill-loops.ts'
import { lifetime, rotators, seed, startWork, workEnv } from '../faults/workload.ts'
import { createLedger } from '../support/ledger.ts'
import { startDurablePostgres } from '../support/postgres.ts'
import { previousRelease } from '../support/previous-release.ts'
import { startProcess } from '../support/processes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const git = async (...words: string[]) => (await run('git', words, { cwd: root })).stdout.trim()

/** How many acknowledgements each of the two halves waits for. */
const entries = { before: 500, after: 3_000 }

it('the release before this one serves under load while the tables become those of now, and beside this version', async (t) => {
  const tag = await previousRelease(root)
  if (tag === null) return t.skip('skipped: no release yet')
  t.diagnostic(`the release is ${tag}`)
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-release-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await unpack(tag, folder)
  await replaceOneByOne(t, join(folder, 'src', 'main.ts'))
})

/** The sources of a release with the packages that it asks for. */
async function unpack(tag: string, folder: string): Promise<void> {
  const archive = join(folder, 'release.tar')
  await git('archive', '--format=tar', `--output=${archive}`, tag)
  await run('tar', ['-xf', archive, '-C', folder])
  const lockOf = (where: string) => readFile(join(where, 'package-lock.json'), 'utf8')
  if ((await lockOf(folder)) === (await lockOf(root))) {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  } else await run('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], { cwd: folder })
}

/** Sessions in a database whose tables stay as they are. */
async function seedAsIs(url: string, acknowledgements: number) {
  const database = connectPostgres(new Secret(url), createLog('silent'))
  try {
    return await seed(database, rotators + Math.ceil(acknowledgements / lifetime.least))
  } finally {
    await database.destroy()
  }
}

/** As an operator does it: the old version serves, the new one migrates, both serve, the old one goes. */
async function replaceOneByOne(t: TestContext, oldMain: string): Promise<void> {
  await using server = await startDurablePostgres()
  const database = await server.createDatabase()
  const env = { DATABASE_URL: database.url }
  const ledger = createLedger()
  await using old = await startProcess(database.url, workEnv, [oldMain])
  const before = startWork({ ledger, seeds: await seedAsIs(database.url, entries.before * 4), at: () => old })
  await ledger.more(entries.before)

  // This version's first process migrates, under the load of the old one's.
  const seeds = await seedFor(env, entries.after * 2)
  await using young = await startProcess(database.url, workEnv)
  const work = startWork({ ledger, seeds, at: () => (Math.random() < 0.5 ? old : young) })
  await ledger.more(entries.after)
  // What one version has made the other takes.
  await goOn(young, (await before.stop()).slice(0, 20), ledger)
  await goOn(old, (await work.stop()).slice(0, 20), ledger)
  await old.stop()
  const after = startWork({ ledger, seeds: await seedFor(env, entries.before), at: () => young })
  await ledger.more(entries.before)
  await goOn(young, await after.stop(), ledger)
  await young.stop()
  await assertNothingLost(env, ledger)
  const counts = ledger.counts()
  assert.ok(counts.registered > 0 && counts.rotated > entries.after / 2, JSON.stringify(counts))
  t.diagnostic(`acknowledged ${JSON.stringify(counts)}, lost 0`)
}
