import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DataDirLocked, lockDataDir } from '../../src/platform/data-dir.ts'

const self = fileURLToPath(import.meta.url)

// As a child, this file is the other process: it tells what became of its attempt, and holds on to what it got.
const wanted = process.argv[2]
if (process.send && wanted) {
  lockDataDir(wanted).then(
    () => process.send?.('locked'),
    (error) => process.send?.(error instanceof DataDirLocked ? error.message : `unexpected: ${error}`),
  )
  // Ends with its parent.
  process.on('disconnect', () => process.exit())
} else {
  describe('the lock of the data directory', suite)
}

function suite() {
  let root: string
  let count = 0
  const fresh = () => join(root, String(count++), 'data')
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'latchkey-data-dir-'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  async function attemptElsewhere(directory: string) {
    const child = fork(self, [directory], { execArgv: [] })
    const [outcome] = await once(child, 'message')
    const kill = async () => {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    return { pid: child.pid, outcome: String(outcome), kill }
  }

  const lockedBy = (pid: number | undefined) => (error: unknown) => {
    assert.ok(error instanceof DataDirLocked)
    assert.ok(error.message.includes(`process ${pid}`), error.message)
    assert.ok(error.message.includes(hostname()), error.message)
    assert.match(error.message, /since \d{4}-\d\d-\d\dT.*\. Stop that process, or give this one a directory of its own/)
    return true
  }

  it('creates the directory for its owner alone', async () => {
    const directory = fresh()
    await using lock = await lockDataDir(directory)
    assert.equal(lock.directory, directory)
    if (process.platform !== 'win32') assert.equal((await stat(directory)).mode & 0o777, 0o700)
  })

  it('refuses a second lock within the process, and says that it is this process', async () => {
    const directory = fresh()
    await using _ = await lockDataDir(directory)
    await assert.rejects(lockDataDir(directory), (error) => {
      assert.ok(error instanceof DataDirLocked)
      return error.message.includes('this very process') && lockedBy(process.pid)(error)
    })
  })

  it('refuses another process, naming the holder, and still holds after the refusal', async () => {
    const directory = fresh()
    await using _ = await lockDataDir(directory)
    for (let attempt = 0; attempt < 2; attempt++) {
      const other = await attemptElsewhere(directory)
      await other.kill()
      assert.ok(other.outcome.includes(`process ${process.pid} on host ${hostname()}`), other.outcome)
    }
  })

  it('is refused while another process lives, and taken over once that is killed', async () => {
    const directory = fresh()
    const other = await attemptElsewhere(directory)
    assert.equal(other.outcome, 'locked')
    await assert.rejects(lockDataDir(directory), lockedBy(other.pid))
    await other.kill()
    await using _ = await lockDataDir(directory)
  })

  it('takes over what a dead process left, though its pid lives again or its host is another', async () => {
    for (const host of [hostname(), 'a-container-that-is-gone']) {
      const directory = fresh()
      await (await attemptElsewhere(directory)).kill()
      const leftover = { pid: process.pid, host, since: new Date().toISOString() }
      await writeFile(join(directory, 'latchkey.holder.json'), JSON.stringify(leftover))
      await using _ = await lockDataDir(directory)
    }
  })

  it('refuses though nobody says who holds it', async () => {
    const directory = fresh()
    await using _ = await lockDataDir(directory)
    await writeFile(join(directory, 'latchkey.holder.json'), 'torn')
    await assert.rejects(lockDataDir(directory), /in use by another process, which has not said who it is/)
  })

  it('can be taken again once released, and may be released twice', async () => {
    const directory = fresh()
    const first = await lockDataDir(directory)
    await Promise.all([first.release(), first.release()])
    await using _ = await lockDataDir(directory)
    await first.release()
    await assert.rejects(lockDataDir(directory), DataDirLocked, 'a late release must not free a successor')
  })

  it('outlives the garbage collection of a lock that nobody kept', async () => {
    const directory = fresh()
    await lockDataDir(directory)
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    for (let round = 0; round < 3; round++) {
      collect()
      await sleep(5)
    }
    await assert.rejects(lockDataDir(directory), DataDirLocked)
  })

  it('gives a leftover lock to exactly one of many processes that want it at once', async () => {
    const directory = fresh()
    await (await attemptElsewhere(directory)).kill()
    const rivals = await Promise.all(Array.from({ length: 8 }, () => attemptElsewhere(directory)))
    await Promise.all(rivals.map((rival) => rival.kill()))
    const winners = rivals.filter((rival) => rival.outcome === 'locked')
    assert.equal(winners.length, 1)
    const losers = rivals.filter((rival) => rival !== winners[0])
    for (const { outcome } of losers) assert.ok(outcome.includes(`process ${winners[0]?.pid}`), outcome)
  })

  it('tells a directory that it can not write from one that is in use', async () => {
    const directory = fresh()
    await using _ = await lockDataDir(directory)
    await assert.rejects(lockDataDir(join(directory, 'latchkey.lock')), (error) => !(error instanceof DataDirLocked))
  })
}
