import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

/** The tree of commands, which writes nowhere but into `written`. */
export function program(written: string[] = [], columns = 100): Command {
  const stdout = { write: (text: string) => written.push(text) > 0, columns }
  return createProgram({ stdout, stderr: stdout, stdin: {}, env: {} } as unknown as Terminal, async () => undefined)
}

/** The commands that do something, each with the words that name it. */
export function leavesOf(command: Command, words: readonly string[] = []): { place: string; command: Command }[] {
  if (command.commands.length === 0) return [{ place: words.join(' '), command }]
  return command.commands.flatMap((one) => leavesOf(one, [...words, one.name()]))
}
