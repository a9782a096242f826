import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { boundFiles } from './support/bounded.ts'

const skip = !existsSync('/proc/self/stat') && 'nobody here knows when a process began'

/** Hangs in its exit, when it has nothing to do any more or its bound asks it to end. */
const hangs = `
  process.on('exit', () => {
    process.stdout.write('ends')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
  })`

for (const [what, program, seconds, hasPassed] of [
  ['that hangs while it ends, for its time is over,', `setInterval(() => {}, 1000)\n${hangs}`, 0.5, false],
  ['that has passed and hangs in its exit', hangs, 1000, true],
] as const) {
  test(`a process of tests ${what} is killed, and never a stranger that has its number`, { skip }, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'latchkey-bounded-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const [file, folder] = [join(directory, 'hangs.mjs'), join(directory, 'markers')]
    writeFileSync(file, program)
    mkdirSync(folder)
    const { TEST_FILE_BOUNDS: given } = process.env
    t.after(() => {
      if (given === undefined) delete process.env.TEST_FILE_BOUNDS
      else process.env.TEST_FILE_BOUNDS = given
    })

    const env = {
      ...process.env,
      NODE_TEST_CONTEXT: 'child',
      TEST_FILE_BOUNDS: JSON.stringify({ seconds, grace: 0, folder }),
    }
    const words = ['--import', import.meta.resolve('./support/bounded.ts'), file]
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })
    t.after(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    writeFileSync(join(folder, `${child.pid} of one before`), '1')

    const killed: [string, number, boolean][] = []
    t.mock.timers.enable({ apis: ['setInterval'] })
    // Of a bound that is over nothing is left, and of the time to be gone neither.
    const bounds = { seconds: hasPassed ? seconds : 0, grace: 0, folder }
    boundFiles(bounds, (name, pid, passed) => killed.push([name, pid, passed]))
    t.mock.timers.tick(5_000)
    assert.deepEqual(killed, [[file.replaceAll('/', ':'), child.pid, hasPassed]])
    // The runner takes the folder away before it ends itself.
    rmSync(folder, { recursive: true })
    t.mock.timers.tick(5_000)
  })
}
