import { CommanderError } from 'commander'
import { exitCodes } from './exit-codes.ts'
import { type Failure, failureOf } from './failure.ts'
import { createProgram } from './program.ts'
import { endWithReader, type Terminal } from './terminal.ts'

/**
 * Runs the command that the words of a command line name, and sets the exit code.
 *
 * @param serve what `serve` does; its failure is thrown on, for whoever starts the process to tell.
 */
export async function runCommandLine(words: readonly string[], serve: () => Promise<void>): Promise<void> {
  const { stdin, stdout, stderr, env } = process
  const terminal: Terminal = { stdin, stdout, stderr, env }
  endWithReader(terminal)
  const serving: { failure?: unknown } = {}
  const program = createProgram(terminal, () =>
    serve().catch((error) => {
      serving.failure = error
      throw error
    }),
  )
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if ('failure' in serving) throw error
    if (error instanceof CommanderError && error.exitCode === 0) return
    const failure = error instanceof CommanderError ? usageOf(error) : failureOf(error)
    // Also where the words were not understood, and so not their options.
    tell(terminal, failure, words.includes('--json'))
    process.exitCode = exitCodes[failure.outcome].code
  }
}

function usageOf({ message, code }: CommanderError): Failure {
  const lines = message.replace(/^error: /, '').split('\n')
  const sentence = lines.map((line) => line.trim()).join(' ')
  const shown = code === 'commander.help' ? 'A command is missing' : sentence
  const hint = 'See: latchkey --help'
  return {
    outcome: 'usage',
    code: 'usage',
    sentences: [`${shown.charAt(0).toUpperCase()}${shown.slice(1).replace(/\.$/, '')}. ${hint}`],
  }
}

function tell({ stderr }: Terminal, { code, sentences }: Failure, json: boolean): void {
  if (json) stderr.write(`${JSON.stringify({ error: { code, message: sentences.join(' ') } })}\n`)
  else for (const sentence of sentences) stderr.write(`latchkey: ${sentence}\n`)
}
