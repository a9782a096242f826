import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface Output {
  /** Whether a program reads standard output. */
  readonly json: boolean
  /** What a terminal that somebody looks at is wide; null for a pipe or a file, which takes lines of any length. */
  readonly width: number | null
  /** Colours text where somebody can see that. */
  style(style: Style, text: string): string
  /** The answer: as JSON, or as a person reads it. */
  answer(value: unknown, text: () => string): Promise<void>
  /** A line of an answer that has no end or many lines. Resolves once the reader keeps up. */
  line(text: string): Promise<void>
  /** For people alone, on standard error. */
  note(text: string): void
}

export function outputOf({ stdout, stderr, env }: Terminal, options: { json: boolean; color: boolean }): Output {
  // A terminal can be told of colours by NO_COLOR (no-color.org) and by its own name.
  const colours = options.color && stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  const line = async (text: string) => {
    if (stdout.write(`${text}\n`)) return
    await new Promise<void>((resolve) => stdout.once('drain', resolve))
  }
  return {
    json: options.json,
    width: stdout.isTTY ? stdout.columns || 80 : null,
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    answer: (value, text) => line(options.json ? JSON.stringify(value, null, 2) : text()),
    line,
    note(text) {
      if (!options.json) stderr.write(`${text}\n`)
    },
  }
}

/**
 * Ends the process in silence when nobody reads any more: `latchkey users list | head` is no failure. What can't be
 * written for another reason, such as a full disk, is one, and is said.
 */
export function endWithReader({ stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    stderr.write(`latchkey: Standard output can not be written: ${error.code ?? error.message}.\n`)
    process.exit(1)
  })
}

/** A moment as people read it: to the second, in UTC. */
export const moment = (at: Date): string => `${at.toISOString().slice(0, 19).replace('T', ' ')}Z`
