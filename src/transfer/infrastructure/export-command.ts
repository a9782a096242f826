import { parseArgs } from 'node:util'
import type { Caller } from '../../kernel/caller.ts'
import type { ExportKind } from '../domain/export-format.ts'

export type ExportFile = (
  file: string,
  kind: ExportKind,
  watch?: { operator?: Caller; onRows?: (written: number) => void },
) => Promise<Record<string, number>>

const usage = 'Usage: latchkey users export FILE [--everything]'

/** `users export` from the words of a command line. Answers what to print; throws an error whose message is the usage. */
export const exportCommand =
  (exportFile: ExportFile) =>
  async (words: readonly (string | undefined)[]): Promise<string> => {
    const { file, everything } = parsed(words)
    const exported = await exportFile(file, everything ? 'everything' : 'users').catch((error) => {
      if (error.code === 'EEXIST') throw new Error(`${file} is there already: it is not written over.`)
      throw error
    })
    return JSON.stringify({ exported }, null, 2)
  }

function parsed(words: readonly (string | undefined)[]): { file: string; everything: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: words.filter((word) => word !== undefined),
      options: { everything: { type: 'boolean' } },
      allowPositionals: true,
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error('one file is needed')
    return { file, everything: values.everything ?? false }
  } catch (cause) {
    throw new Error(usage, { cause })
  }
}
