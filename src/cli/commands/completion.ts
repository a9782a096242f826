import { Argument, type Command } from 'commander'
import { completionFor, shells } from '../completion.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import type { Terminal } from '../terminal.ts'

/** `completion`: what has a shell complete the words of a command line. */
export function completionCommand(program: Command, terminal: Terminal): void {
  const completion = program
    .command('completion')
    .description('print what has your shell complete commands and options')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
  completion.action(async (shell: keyof typeof shells, _options: object, command: Command) => {
    await deskOf(terminal, command).line(completionFor(shell, program))
  })
  withExamples(completion, [
    ['source <(latchkey completion bash)', 'in ~/.bashrc'],
    ['latchkey completion zsh > ~/.zfunc/_latchkey', 'once, for zsh, where `fpath` has ~/.zfunc'],
    ['latchkey completion fish > ~/.config/fish/completions/latchkey.fish', 'once, for fish'],
  ])
}
