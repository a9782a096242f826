import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import type { Caller } from '../../kernel/caller.ts'
import type { ImportCounts } from '../application/import-users.ts'
import type { FirebaseParameters } from '../domain/firebase-hash.ts'
import { type Format, type SourceName, sources } from '../domain/sources.ts'
import type { LineRefusal } from '../domain/user-row.ts'
import { sinkOf } from './export-file.ts'
import type { Progress } from './progress.ts'

export interface ImportRequest {
  readonly file: string
  readonly from: SourceName
  readonly format?: Format
  readonly keepIds: boolean
  readonly dryRun: boolean
  readonly firebase?: FirebaseParameters
  /** Who has it done. */
  readonly operator?: Caller
}

export type ImportFile = (
  request: ImportRequest,
  watch: {
    onRefused?: (line: number, because: LineRefusal) => Promise<void> | void
    onProgress?: (progress: Progress, counts: ImportCounts) => void
    signal?: AbortSignal
  },
) => Promise<ImportCounts>

export type ImportAll = (
  file: string,
  watch?: { operator?: Caller; onProgress?: (progress: Progress) => void },
) => Promise<Record<string, number>>

const sayEveryMs = 1000

const formats: readonly Format[] = ['ndjson', 'csv', 'json', 'copy']

const usage = `Usage: latchkey users import FILE --from ${Object.keys(sources).join('|')} [--format ${formats.join('|')}]
         [--keep-ids] [--dry-run] [--report FILE]
         [--firebase-signer-key KEY --firebase-salt-separator SEPARATOR --firebase-rounds N --firebase-mem-cost N]
       latchkey users import FILE --everything`

const options = {
  from: { type: 'string' },
  format: { type: 'string' },
  everything: { type: 'boolean' },
  'keep-ids': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  // Every run completes what an earlier one has begun: there is nothing else to be told.
  resume: { type: 'boolean' },
  report: { type: 'string' },
  'firebase-signer-key': { type: 'string' },
  'firebase-salt-separator': { type: 'string' },
  'firebase-rounds': { type: 'string' },
  'firebase-mem-cost': { type: 'string' },
} as const

/** `users import` from the words of a command line. Answers what to print; throws an error whose message is the usage. */
export const importCommand =
  (importFile: ImportFile, importAll: ImportAll, say: (line: string) => void) =>
  async (words: readonly (string | undefined)[]): Promise<string> => {
    const { values, file } = parsed(words)
    if (values.everything) {
      return JSON.stringify(
        { imported: await importAll(file, { onProgress: (progress) => say(JSON.stringify(progress)) }) },
        null,
        2,
      )
    }
    const request = requestOf(file, values)
    const report = values.report === undefined ? null : (await open(values.report, 'w', 0o600)).createWriteStream()
    const sink = report && sinkOf(report)
    let saidAt = Number.NEGATIVE_INFINITY
    const counts = await importFile(request, {
      // The line and the reason: neither the address nor the hash.
      onRefused: (line, because) => sink?.write(JSON.stringify({ line, because })),
      onProgress: (progress) => {
        if (performance.now() - saidAt < sayEveryMs) return
        saidAt = performance.now()
        say(JSON.stringify(progress))
      },
    })
    report?.end()
    if (report) await finished(report)
    return JSON.stringify(counts, null, 2)
  }

function parsed(words: readonly (string | undefined)[]) {
  try {
    const { values, positionals } = parseArgs({
      args: words.filter((word) => word !== undefined),
      options,
      allowPositionals: true,
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error('one file is needed')
    return { values, file }
  } catch (cause) {
    throw new Error(usage, { cause })
  }
}

function requestOf(file: string, values: ReturnType<typeof parsed>['values']): ImportRequest {
  const { from, format } = values
  const isSource = from !== undefined && Object.hasOwn(sources, from)
  const chosen = formats.find((one) => one === format)
  if (!isSource || (format !== undefined && chosen === undefined)) throw new Error(usage)
  const signerKey = values['firebase-signer-key']
  return {
    file,
    from: from as SourceName,
    ...(chosen && { format: chosen }),
    keepIds: values['keep-ids'] ?? false,
    dryRun: values['dry-run'] ?? false,
    ...(signerKey !== undefined && {
      firebase: {
        signerKey,
        saltSeparator: values['firebase-salt-separator'] ?? '',
        rounds: Number(values['firebase-rounds'] ?? 8),
        memCost: Number(values['firebase-mem-cost'] ?? 14),
      },
    }),
  }
}
