import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { inherited } from '../support/inherited.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const environment = (env: Readonly<Record<string, string>>) => ({
  ...inherited(),
  ...env,
})

/** Runs a command with standard input that ends after `input`, all three streams being pipes unless one is a file. */
export async function command(
  env: Readonly<Record<string, string>>,
  words: readonly string[],
  input: string | Uint8Array = '',
  stdout: string | null = null,
): Promise<Ended> {
  const file = stdout === null ? null : openSync(stdout, 'w')
  const stdio = ['pipe', file ?? 'pipe', 'pipe'] as const
  const child = spawn(process.execPath, [main, ...words], { env: environment(env), timeout: 60_000, stdio: [...stdio] })
  if (file !== null) closeSync(file)
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  child.stdin?.on('error', () => undefined).end(input)
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

/** Whether `script` of util-linux is there, which gives a program a terminal of its own. */
export const hasTerminal = (): boolean => /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '')

/**
 * Runs a command on a terminal. Each answer is typed once its question stands there.
 *
 * @returns the exit code, and all that the terminal showed.
 */
export async function onTerminal(
  env: Readonly<Record<string, string>>,
  words: readonly string[],
  answers: readonly (readonly [question: RegExp, typed: string])[] = [],
  redirection = '',
): Promise<{ code: number | null; shown: string }> {
  const quoted = [process.execPath, main, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const options = { env: { ...environment(env), TERM: 'xterm', SHELL: '/bin/sh' }, timeout: 60_000 }
  const child = spawn('script', ['-qec', `${quoted} ${redirection}`, '/dev/null'], options)
  let [shown, unread] = ['', '']
  const left = [...answers]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text
    unread += text
    const [next] = left
    if (!next?.[0].test(unread)) return
    left.shift()
    unread = ''
    child.stdin.write(next[1])
  })
  const [code] = await once(child, 'close')
  return { code, shown }
}
