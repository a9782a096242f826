import { Command } from 'commander'
import { version } from '../version.ts'
import { auditCommands } from './commands/audit.ts'
import { completionCommand } from './commands/completion.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { explainCommand } from './commands/explain.ts'
import { keysCommands } from './commands/keys.ts'
import { migrateCommand } from './commands/migrate.ts'
import { openapiCommand } from './commands/openapi.ts'
import { sessionsCommands } from './commands/sessions.ts'
import { usersCommands } from './commands/users.ts'
import { withExamples } from './examples.ts'
import { exitCodes } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

const codes = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)

/** All commands. Nothing but their words is loaded: what each works with is, when it runs. */
export function createProgram(terminal: Terminal, serve: () => Promise<void>): Command {
  const program = new Command('latchkey')
    .description('Latchkey, a small self-hosted authorization service, and what its operator does beside serving.')
    .version(version, '-V, --version', 'print the version')
    .option('--json', 'print JSON for programs; errors too, on standard error')
    .option('-y, --yes', 'do what can not be undone without asking')
    .option('--no-color', 'print no colours; NO_COLOR says the same')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      getOutHelpWidth: () => terminal.stdout.columns || 80,
      writeOut: (text) => void terminal.stdout.write(text),
      // Errors are told by who runs the program, in one form.
      writeErr: () => undefined,
      outputError: () => undefined,
    })
    .exitOverride()
  withExamples(program, [
    ['latchkey', 'serve, as `latchkey serve` does'],
    ['latchkey users --help', 'what can be done with users'],
    ['latchkey keys list --json', 'the signing keys, for a program'],
  ]).addHelpText(
    'after',
    `
Configuration is read from environment variables, and from the file that CONFIG_FILE names: give a command those that the
service has.
On PostgreSQL commands work beside a running service. The embedded database belongs to one process: stop it first.

Exit codes:
${codes.join('\n')}`,
  )

  const serving = program.command('serve').description('serve until a signal ends it')
  withExamples(serving.action(serve), [
    ['latchkey serve', 'on port 1602, with the embedded database in ./data'],
    ['DATABASE_URL=postgres://latchkey@db/latchkey latchkey serve', 'on PostgreSQL'],
  ])
  migrateCommand(program, terminal)
  doctorCommand(program, terminal)
  usersCommands(program, terminal)
  sessionsCommands(program, terminal)
  keysCommands(program, terminal)
  auditCommands(program, terminal)
  explainCommand(program, terminal)
  configCommand(program, terminal)
  openapiCommand(program, terminal)
  completionCommand(program, terminal)
  return program
}
