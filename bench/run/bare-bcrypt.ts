import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Asked } from '../load/script.ts'
import type { Round } from './round.ts'

const program = join(import.meta.dirname, '..', 'limit', 'bcrypt.ts')

/** What it needs beside its time, on a slow machine. In milliseconds. */
const patience = 30_000

/** A round of the program that does nothing but hash. */
export async function runBareBcrypt(asked: Asked, seconds: number): Promise<Round> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, asked, String(seconds)], {
    timeout: seconds * 1000 + patience,
    killSignal: 'SIGKILL',
  })
  const { requests, perSecond } = JSON.parse(stdout)
  const unmeasured = { cpuPerThousand: null, walPerRequest: null, fullPagesPerThousand: null, generatorShare: null }
  return { requests, perSecond, latencies: null, byKind: {}, unsent: 0, ...unmeasured }
}
