import type { Command } from 'commander'

/** Lines that somebody can type, each with what it does: below the help of their command. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, does: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, does]) => `  $ ${line.padEnd(width)}  # ${does}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}
