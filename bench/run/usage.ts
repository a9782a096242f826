import { globSync, readFileSync } from 'node:fs'

/** What a process and all that it has started use. */
export interface Usage {
  readonly cpuSeconds: number
  /** Resident memory in bytes, now and at most. */
  readonly resident: number
  readonly peak: number
}

// Linux counts in these, whatever the kernel's own tick is: USER_HZ.
const ticksPerSecond = 100

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly ticks: number
}

/** Null where there is no `/proc`. */
export function usageOf(root: number): Usage | null {
  const family = statsOf(root)
  if (family.length === 0) return null
  const memory = family.map(({ pid }) => read(`/proc/${pid}/status`))
  return {
    cpuSeconds: sum(family.map(({ ticks }) => ticks)) / ticksPerSecond,
    resident: sum(memory.map((status) => bytesIn(status, 'VmRSS'))),
    peak: sum(memory.map((status) => bytesIn(status, 'VmHWM'))),
  }
}

/** The process that has started `pid`; null where there is no `/proc`. */
export const parentOf = (pid: number): number | null => parseStat(read(`/proc/${pid}/stat`))[0]?.parent ?? null

/** Every process below `root`, and itself. */
export const familyOf = (root: number): number[] => statsOf(root).map(({ pid }) => pid)

function statsOf(root: number): Stat[] {
  const all = globSync('/proc/[0-9]*/stat').flatMap((path) => parseStat(read(path)))
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]))
  return all.filter(({ pid }) => descends(pid, root, parents))
}

/** A process's own time and that of its children that have ended (proc(5)). A name may hold spaces and brackets. */
export function parseStat(text: string): Stat[] {
  const [, pid, rest] = /^(\d+) \(.*\) (.+)$/s.exec(text.trim()) ?? []
  if (pid === undefined || rest === undefined) return []
  const fields = rest.split(' ').map(Number)
  return [{ pid: Number(pid), parent: fields[1] ?? 0, ticks: sum(fields.slice(11, 15)) }]
}

function descends(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = parents.get(at)) if (at === root) return true
  return false
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A process may end between being seen and being asked.
    return ''
  }
}

const bytesIn = (status: string, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
