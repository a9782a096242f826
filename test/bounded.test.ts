import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { boundFiles } from './support/bounded.ts'

const skip = !existsSync('/proc/self/stat') && 'nobody here knows when a process began'

/** Ends when its bound asks it to, and hangs in that. */
const hangs = `
  setInterval(() => {}, 1000)
  process.on('exit', () => {
    process.stdout.write('ends')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
  })`

test('a process of tests that hangs while it ends is killed, and never a stranger that has its number', {
  skip,
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bounded-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const [file, folder] = [join(directory, 'hangs.mjs'), join(directory, 'markers')]
  writeFileSync(file, hangs)
  mkdirSync(folder)
  const { TEST_FILE_BOUNDS: given } = process.env
  t.after(() => {
    if (given === undefined) delete process.env.TEST_FILE_BOUNDS
    else process.env.TEST_FILE_BOUNDS = given
  })

  const env = {
    ...process.env,
    NODE_TEST_CONTEXT: 'child',
    TEST_FILE_BOUNDS: JSON.stringify({ seconds: 0.5, folder }),
  }
  const words = ['--import', import.meta.resolve('./support/bounded.ts'), file]
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  writeFileSync(join(folder, `${child.pid} of one before`), '1')

  const killed: [string, number][] = []
  t.mock.timers.enable({ apis: ['setInterval'] })
  // Of the bound and the thirty seconds after it nothing is left.
  boundFiles({ seconds: -30, folder }, (name, pid) => killed.push([name, pid]))
  t.mock.timers.tick(5_000)
  assert.deepEqual(killed, [[file.replaceAll('/', ':'), child.pid]])
  // The runner takes the folder away before it ends itself.
  rmSync(folder, { recursive: true })
  t.mock.timers.tick(5_000)
})
