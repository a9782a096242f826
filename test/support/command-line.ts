import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { inherited } from './inherited.ts'

/** The program as an operator runs it, in an environment that holds what the test gives and nothing else. */
export interface Run {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** The exit code, or null where a signal ended it. */
  readonly ended: Promise<number | null>
  /** What it has written so far. */
  readonly texts: { stdout: string; stderr: string }
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

const living = new Set<ChildProcess>()
const killAll = () => {
  for (const child of living) child.kill('SIGKILL')
}
// However the test process ends, its children end with it.
process.on('exit', killAll)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    killAll()
    process.kill(process.pid, signal)
  })
}

/** @param input what stands on its standard input, which is closed then. */
export function run(env: Readonly<Record<string, string>>, words: readonly string[] = [], input?: string): Run {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...inherited(), ...env },
  })
  living.add(child)
  // It may end without having read it.
  child.stdin.on('error', () => undefined).end(input)
  // Not at its exit: what it wrote last may be read after that.
  const ended = once(child, 'close').then(([code]) => {
    living.delete(child)
    return code as number | null
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  return { child, ended, texts }
}

/** Waits until the program has written a whole log line with this message, and answers the line. */
export async function said({ child, ended, texts }: Run, message: string): Promise<Record<string, string>> {
  for (;;) {
    const line = texts.stdout
      .split('\n')
      .slice(0, -1)
      .find((one) => JSON.parse(one).msg === message)
    if (line) return JSON.parse(line)
    const over = await Promise.race([once(child.stdout, 'data').then(() => false), ended.then(() => true)])
    if (over) throw new Error(`the program ended before it said "${message}": ${texts.stderr}`)
  }
}
