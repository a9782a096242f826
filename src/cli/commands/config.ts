import type { Command } from 'commander'
import { reportConfig } from '../../config-report.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { table } from '../table.ts'
import type { Terminal } from '../terminal.ts'

/** `config`: what is in force. */
export function configCommand(program: Command, terminal: Terminal): void {
  const config = program
    .command('config')
    .description('print the configuration that is in force, and where each value comes from; secrets are hidden')
  config.action(async (_options: object, command: Command) => {
    const desk = deskOf(terminal, command)
    const settings = reportConfig(terminal.env)
    await desk.answer({ settings }, () =>
      table(
        desk,
        ['VARIABLE', 'FROM', 'VALUE'],
        settings.map(({ name, from, value }) => [name, from, value]),
      ),
    )
  })
  withExamples(config, [
    ['latchkey config', 'ends with 3 where a value is wrong, and says which'],
    ['BCRYPT_COST=13 latchkey config --json', 'what another value would give'],
  ])
}
