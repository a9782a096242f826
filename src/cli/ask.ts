import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Secret } from '../kernel/secret.ts'
import { CommandFailed } from './failure.ts'
import type { Terminal } from './terminal.ts'

const interrupted = () => new CommandFailed('interrupted', 'Interrupted. Nothing was done.')

/** Whether there is somebody to answer. */
export const canAsk = ({ stdin, stderr }: Terminal): boolean => stdin.isTTY === true && stderr.isTTY === true

/**
 * Has a person say yes to what can not be undone; `--yes` is their word given before.
 *
 * @param deed what is about to happen, as a sentence without its end.
 * @throws CommandFailed when they say anything else, or nobody can be asked.
 */
export async function confirm(terminal: Terminal, yes: boolean, deed: string): Promise<void> {
  if (yes) return
  if (!canAsk(terminal)) {
    throw new CommandFailed('usage', `${deed}. This can not be undone: say --yes, for there is no terminal to ask on.`)
  }
  const answer = await asking(terminal, terminal.stderr, (ask) => ask(`${deed}. This can not be undone. Go on? [y/N] `))
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed('usage', 'Nothing was done.')
}

/** In bytes: many times the longest password, so that a whole file by mistake is refused and not read. */
const longest = 4096

/**
 * A new password: typed twice on a terminal, unseen, or all of standard input less one end of line. Never an argument,
 * which other users of the machine could read.
 */
export async function askNewPassword(terminal: Terminal): Promise<Secret> {
  if (terminal.stdin.isTTY === true && !canAsk(terminal)) {
    // It would be read like a pipe, and shown while it is typed.
    throw new CommandFailed('usage', 'A password is asked for on standard error, which is no terminal: pipe it in.')
  }
  if (!canAsk(terminal)) return new Secret(await readAll(terminal.stdin))
  const [first, second] = await unseen(terminal, ['New password: ', 'The same again: '])
  if (first !== second) throw new CommandFailed('usage', 'These are two passwords. Nothing was done.')
  return new Secret(first)
}

async function unseen({ stdin, stderr }: Terminal, prompts: readonly [string, string]): Promise<[string, string]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // Both in one: between two the terminal would show what is typed, and so it would before the first.
  return asking({ stdin }, nowhere, async (ask) => {
    const askUnseen = async (prompt: string) => {
      stderr.write(prompt)
      return ask('').finally(() => stderr.write('\n'))
    }
    return [await askUnseen(prompts[0]), await askUnseen(prompts[1])]
  })
}

async function asking<T>(
  { stdin }: Pick<Terminal, 'stdin'>,
  output: Writable,
  work: (ask: (prompt: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  const lines = createInterface({ input: stdin, output, terminal: true, historySize: 0 })
  try {
    return await Promise.race([work((prompt) => lines.question(prompt)), given(lines)])
  } finally {
    lines.close()
  }
}

/** Rejects on Ctrl-C, and on Ctrl-D or when the terminal goes away. */
async function given(lines: Interface): Promise<never> {
  await Promise.race([once(lines, 'SIGINT'), once(lines, 'close')])
  throw interrupted()
}

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer)
    size += bytes.length
    if (size > longest) throw new CommandFailed('usage', `A password of more than ${longest} bytes came in.`)
    chunks.push(bytes)
  }
  const text = utf8(Buffer.concat(chunks)).replace(/\r?\n$/, '')
  if (text === '') throw new CommandFailed('usage', 'No password came in: type it on a terminal, or pipe it in.')
  return text
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CommandFailed('usage', 'The password that came in is not UTF-8.')
  }
}
