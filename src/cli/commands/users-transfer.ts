import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { type Command, Option } from 'commander'
import type { Format, ImportRequest, SourceName } from '../../transfer/index.ts'
import { deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { CommandFailed } from '../failure.ts'
import { progressOn } from '../progress.ts'
import type { Terminal } from '../terminal.ts'
import { count } from '../words.ts'

const sources = {
  csv: true,
  ndjson: true,
  latchkey: true,
  python: true,
  supabase: true,
  keycloak: true,
  firebase: true,
  'better-auth': true,
  auth0: true,
} as const satisfies Record<SourceName, true>
const formats = { ndjson: true, csv: true, json: true, copy: true } as const satisfies Record<Format, true>

interface ImportOptions {
  readonly from?: SourceName
  readonly format?: Format
  readonly everything?: boolean
  readonly keepIds?: boolean
  readonly dryRun?: boolean
  readonly report?: string
  readonly firebaseSignerKey?: string
  readonly firebaseSaltSeparator: string
  readonly firebaseRounds: number
  readonly firebaseMemCost: number
}

/** `users import`: what an earlier run has brought stays, so that one that was cut off is simply run again. */
export function importCommand(users: Command, terminal: Terminal): void {
  const command = users
    .command('import')
    .description('bring users of another system with their passwords; run it again to complete one that was cut off')
    .argument('<file>', 'the dump')
    .addOption(new Option('--from <source>', 'what the dump is of').choices(Object.keys(sources)))
    .addOption(new Option('--format <format>', 'how it is written, if not as usual').choices(Object.keys(formats)))
    .option('--everything', 'a whole installation, from `users export --everything`, into an empty database')
    .option('--keep-ids', 'users keep their ids')
    .option('--dry-run', 'only say what would be done')
    .option('--report <file>', 'where lines that are refused are listed, each with its reason')
    .option('--firebase-signer-key <key>', 'base64_signer_key of the project')
    .option('--firebase-salt-separator <text>', 'base64_salt_separator of the project', '')
    .option('--firebase-rounds <number>', 'rounds of the project', count(120), 8)
    .option('--firebase-mem-cost <number>', 'mem_cost of the project', count(30), 14)
  command.action(async (file: string, options: ImportOptions, self: Command) => {
    if ((options.from === undefined) !== (options.everything ?? false)) {
      throw new CommandFailed('usage', 'Either --from or --everything is wanted. See: latchkey users import --help')
    }
    if (options.report !== undefined && resolve(options.report) === resolve(file)) {
      throw new CommandFailed('usage', 'The report would be written over the dump. See: latchkey users import --help')
    }
    const desk = deskOf(terminal, self)
    const progress = progressOn(terminal, 'users import')
    const answer = await desk
      .withService(async ({ transfer }) => {
        const { from } = options
        if (from === undefined) {
          const onProgress = ({ done }: { done: number }) => progress.at(done, null)
          return { imported: await transfer.importAll(file, { operator: desk.operator, onProgress }) }
        }
        const report = await reportTo(options.report)
        const request: ImportRequest = { ...requestOf(options, from), file, operator: desk.operator }
        const counts = await transfer.importFile(request, {
          // The line and the reason: neither the address nor the hash.
          onRefused: (line, because) => report.write({ line, because }),
          onProgress: ({ done, part }) => progress.at(done, part ? done / part : null),
        })
        await report.end()
        return counts
      })
      .finally(progress.end)
    await desk.answer(answer, () => JSON.stringify(answer, null, 2))
  })
  withExamples(command, [
    ['latchkey users import dump.csv --from csv --dry-run --report refused.ndjson', 'what would be refused, and why'],
    ['latchkey users import users.sql --from supabase', 'pg_dump of auth.users'],
    ['latchkey users import move.ndjson --everything', 'from the embedded database to PostgreSQL'],
  ])
}

function requestOf(options: ImportOptions, from: SourceName): Omit<ImportRequest, 'file'> {
  const { format, keepIds = false, dryRun = false, firebaseSignerKey: signerKey } = options
  const firebase = signerKey !== undefined && {
    signerKey,
    saltSeparator: options.firebaseSaltSeparator,
    rounds: options.firebaseRounds,
    memCost: options.firebaseMemCost,
  }
  return { from, keepIds, dryRun, ...(format && { format }), ...(firebase && { firebase }) }
}

const taken = (path: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EEXIST') throw error
  throw new CommandFailed('failed', `${path} is there already: it is not written over.`)
}

/** A file that only its owner reads, anew at each run; nothing where none is named. */
async function reportTo(path: string | undefined) {
  const stream = path === undefined ? null : (await open(path, 'w', 0o600)).createWriteStream()
  return {
    async write(line: object): Promise<void> {
      if (stream && !stream.write(`${JSON.stringify(line)}\n`)) {
        await once(stream, 'drain')
      }
    },
    async end(): Promise<void> {
      stream?.end()
      if (stream) await finished(stream)
    },
  }
}

/** `users export`: people may leave. */
export function exportCommand(users: Command, terminal: Terminal): void {
  const command = users
    .command('export')
    .description('write all users with their hashes into a new file, which only its owner can read')
    .argument('<file>', 'the file, which is not there yet')
    .option('--everything', 'the whole installation: sessions, signing keys and the audit log as well')
  command.action(async (file: string, { everything }: { everything?: boolean }, self: Command) => {
    const desk = deskOf(terminal, self)
    const progress = progressOn(terminal, 'users export')
    const watch = { operator: desk.operator, onRows: (rows: number) => progress.at(rows, null) }
    const exported = await desk
      .withService(({ transfer }) => transfer.exportFile(file, everything ? 'everything' : 'users', watch))
      .catch(taken(file))
      .finally(progress.end)
    await desk.answer({ exported }, () => JSON.stringify({ exported }, null, 2))
  })
  withExamples(command, [
    ['latchkey users export users.ndjson', 'users and their hashes'],
    ['latchkey users export move.ndjson --everything', 'to be imported elsewhere with --everything'],
  ])
}
