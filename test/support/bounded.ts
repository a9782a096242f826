import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/**
 * Bounds for a file of tests, in seconds. The runner bounds a test and not a file: a process that leaves something open, or hangs
 * while it ends, would be waited for without an end, and nobody would learn which it was.
 */
export interface Bounds {
  /** How long all of a file may take. */
  readonly seconds: number
  /** What its process is given beyond that, or to be gone once all its tests have passed. */
  readonly grace: number
  /** Where its process says that it is there. */
  readonly folder: string
}

const variable = 'TEST_FILE_BOUNDS'

/** What the marker of a process says whose tests have passed, and which has nothing left to do but end. */
const passed = 'passed'

/**
 * The runner's side: from now on a file's process that does not end by itself, which it is to do first, is killed.
 *
 * @param kill is told whether all tests of the file had passed.
 */
export function boundFiles(bounds: Bounds, kill: (file: string, pid: number, hasPassed: boolean) => void): void {
  process.env[variable] = JSON.stringify(bounds)
  const since = new Map<string, number>()
  const look = () => {
    if (!existsSync(bounds.folder)) return
    for (const entry of readdirSync(bounds.folder)) {
      const [start = '', state] = readFileSync(join(bounds.folder, entry), 'utf8').split(' ')
      const what = `${entry} ${state}`
      const began = since.get(what) ?? performance.now()
      since.set(what, began)
      if (performance.now() - began < ((state === passed ? 0 : bounds.seconds) + bounds.grace) * 1000) continue
      since.set(what, Number.POSITIVE_INFINITY)
      const [pid = '', ...file] = entry.split(' ')
      // A process that hangs while it ends could not take its marker away, so none does, and the number may be a
      // stranger's by now: the marker says when its process began.
      if (isThere(Number(pid)) && startOf(Number(pid)) === start) kill(file.join(' '), Number(pid), state === passed)
    }
  }
  setInterval(look, 5_000).unref()
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** When a process began, in ticks since the machine did (proc_pid_stat(5), field 22); empty where nobody knows. */
function startOf(pid: number): string {
  try {
    // The second field is the program's name, in parentheses, with whatever it likes between.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** The file's side, loaded before it. */
function endInTime({ seconds, folder }: Bounds): void {
  const file = process.argv[1] ?? ''
  const marker = join(folder, `${process.pid} ${file.replaceAll('/', ':')}`)
  writeFileSync(marker, startOf(process.pid))
  process.on('exit', (code) => {
    if (code === 0) appendFileSync(marker, ` ${passed}`)
  })
  setTimeout(() => {
    console.error(`${file} has not ended after ${seconds} s; open: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, seconds * 1000).unref()
}

const given = process.env[variable]
if (given && process.env.NODE_TEST_CONTEXT && isMainThread) endInTime(JSON.parse(given))
