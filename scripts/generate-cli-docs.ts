/** Writes `docs/cli.md`, the reference of the command, from the program itself. A test holds the two in step. */
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { createProgram } from '../src/cli/program.ts'
import type { Terminal } from '../src/cli/terminal.ts'

const head = `# The command

\`latchkey\` serves, and does what an operator needs beside serving. This page is what \`latchkey help\` prints: it is written
by \`npm run generate:cli\`.

Give a command the environment variables that the service has. On PostgreSQL commands work beside a running service, which
notices within a second or two. The embedded database belongs to one process: stop the service first.

- \`--json\` prints JSON for programs, and an error as \`{"error": {"code", "message"}}\` on standard error. Without it standard
  output is for people, and its form may change.
- What can not be undone asks first. In a script say \`--yes\`; without a terminal and without it nothing is done.
- A password is typed unseen or read from standard input. It is never an argument, which others on the machine could read.
- What is done is in the audit log, with the account of the operating system that did it.
- \`source <(latchkey completion bash)\` has the shell complete commands and options.
`

/** The page as it must be. */
export function cliPage(): string {
  const written: string[] = []
  const stdout = { write: (text: string) => written.push(text) > 0, columns: 100 }
  const program = createProgram({ stdout, stderr: stdout, stdin: {}, env: {} } as unknown as Terminal, async () => {})
  const sections = commandsOf(program).map(({ name, command }) => {
    written.length = 0
    command.outputHelp()
    return `## ${name}\n\n\`\`\`text\n${withoutGlobals(written.join('')).trimEnd()}\n\`\`\`\n`
  })
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  return [head, ...sections, `## Exit codes\n\n| code | meaning |\n|---|---|\n${codes.join('\n')}\n`].join('\n')
}

function commandsOf(command: Command, words: readonly string[] = ['latchkey']): { name: string; command: Command }[] {
  const inner = command.commands.flatMap((one) => commandsOf(one, [...words, one.name()]))
  return [{ name: words.join(' '), command }, ...inner]
}

/** Said once, under the program itself. */
const withoutGlobals = (text: string) =>
  text.replace(/^Global Options:\n(?: .*\n)*\n?/m, '').replace(/^\nExit codes:.*/ms, '')

if (import.meta.main) writeFileSync(new URL('../docs/cli.md', import.meta.url), cliPage())
