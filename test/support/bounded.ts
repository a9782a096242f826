import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/**
 * Bounds for a file of tests. The runner bounds a test and not a file: a process that leaves something open, or hangs
 * while it ends, would be waited for without an end, and nobody would learn which it was.
 */
export interface Bounds {
  /** How long all of a file may take. */
  readonly seconds: number
  /** Where its process says that it is there. */
  readonly folder: string
}

const variable = 'TEST_FILE_BOUNDS'

/** The runner's side: from now on a file's process that does not end by itself, which it is to do first, is killed. */
export function boundFiles(bounds: Bounds, kill: (file: string, pid: number) => void): void {
  process.env[variable] = JSON.stringify(bounds)
  const since = new Map<string, number>()
  const look = () => {
    if (!existsSync(bounds.folder)) return
    for (const entry of readdirSync(bounds.folder)) {
      const began = since.get(entry) ?? performance.now()
      since.set(entry, began)
      if (performance.now() - began < (bounds.seconds + 30) * 1000) continue
      since.set(entry, Number.POSITIVE_INFINITY)
      const [pid = '', ...file] = entry.split(' ')
      if (isThere(Number(pid)) && isSame(Number(pid), join(bounds.folder, entry))) kill(file.join(' '), Number(pid))
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

/**
 * A process that hangs while it ends could not take its marker away, so none does, and the number may be a stranger's by
 * now: the marker says when its process began.
 */
const isSame = (pid: number, marker: string) => startOf(pid) === readFileSync(marker, 'utf8')

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
  writeFileSync(join(folder, `${process.pid} ${file.replaceAll('/', ':')}`), startOf(process.pid))
  setTimeout(() => {
    console.error(`${file} has not ended after ${seconds} s; open: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, seconds * 1000).unref()
}

const given = process.env[variable]
if (given && process.env.NODE_TEST_CONTEXT && isMainThread) endInTime(JSON.parse(given))
