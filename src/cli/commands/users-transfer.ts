import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { createLineFile } from '../../platform/line-file.ts'
import type { Format, ImportRequest, SourceName } from '../../transfer/index.ts'
import { type Desk, deskOf } from '../desk.ts'
import { withExamples } from '../examples.ts'
import { exitCodes } from '../exit-codes.ts'
import { CommandFailed } from '../failure.ts'
import { type Progress, progressOn } from '../progress.ts'
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
  readonly firebaseSignerKeyFile?: string
  readonly firebaseSaltSeparator: string
  readonly firebaseRounds: number
  readonly firebaseMemCost: number
}

/** `users import`: what an earlier run has brought stays, so that one that was cut off is simply run again. */
export function importCommand(users: Command, terminal: Terminal): void {
  const everything = new Option(
    '--everything',
    'a whole installation, from `users export --everything`, into an empty database',
  )
  const command = users
    .command('import')
    .description('bring users of another system with their passwords; run it again to complete one that was cut off')
    .argument('<file>', 'the dump')
    .addOption(new Option('--from <source>', 'what the dump is of').choices(Object.keys(sources)))
    .addOption(new Option('--format <format>', 'how it is written, if not as usual').choices(Object.keys(formats)))
    .addOption(everything)
    .option('--keep-ids', 'users keep their ids')
    .option('--dry-run', 'only say what would be done')
    .option('--report <file>', 'where lines that are refused are listed, each with its reason')
    .option('--firebase-signer-key-file <file>', 'a file that holds base64_signer_key of the project')
    .option('--firebase-salt-separator <text>', 'base64_salt_separator of the project', '')
    .option('--firebase-rounds <number>', 'rounds of the project', count(120), 8)
    .option('--firebase-mem-cost <number>', 'mem_cost of the project', count(30), 14)
  // It comes as it is or not at all: what another option asks for would not be done.
  everything.conflicts(command.options.filter((one) => one !== everything).map((one) => one.attributeName()))
  command.action(async (file: string, options: ImportOptions, self: Command) => {
    if (options.from === undefined && !options.everything) {
      throw new CommandFailed('usage', 'Either --from or --everything is wanted. See: latchkey users import --help')
    }
    if (options.report !== undefined && resolve(options.report) === resolve(file)) {
      throw new CommandFailed('usage', 'The report would be written over the dump. See: latchkey users import --help')
    }
    const desk = deskOf(terminal, self)
    const progress = progressOn(terminal, 'users import')
    const { from } = options
    const bringing = from === undefined ? bringAll(desk, progress, file) : bring(desk, progress, file, from, options)
    const answer = await bringing.finally(progress.end)
    await desk.answer(answer, () => JSON.stringify(answer, null, 2))
    if ('refused' in answer && isAllRefused(answer)) process.exitCode = exitCodes.allRefused.code
  })
  withExamples(command, [
    ['latchkey users import dump.csv --from csv --dry-run --report refused.ndjson', 'what would be refused, and why'],
    ['latchkey users import users.sql --from supabase', 'pg_dump of auth.users'],
    ['latchkey users import move.ndjson --everything', 'from the embedded database to PostgreSQL'],
  ])
}

function bringAll(desk: Desk, progress: Progress, file: string) {
  return desk.withService(async ({ transfer }) => {
    const onProgress = (read: number, part: number) => progress.at(read, wholeOf(read, part))
    return { imported: await transfer.importAll(file, { operator: desk.operator, onProgress }) }
  })
}

async function bring(desk: Desk, progress: Progress, file: string, from: SourceName, options: ImportOptions) {
  const request: ImportRequest = { ...(await requestOf(options, from)), file, operator: desk.operator }
  return desk.withService(async ({ transfer }) => {
    // Only its owner reads it; it is written anew at each run.
    const report = options.report === undefined ? null : await createLineFile(options.report, 'anew')
    try {
      const counts = await transfer.importFile(request, {
        // The line and the reason: neither the address nor the hash.
        onRefused: (line, because) => report?.write(JSON.stringify({ line, because })),
        onProgress: ({ read }, part) => progress.at(read, wholeOf(read, part)),
      })
      await report?.end()
      return counts
    } catch (error) {
      // What was refused until then is worth knowing.
      await report?.end().catch(report.abandon)
      throw error
    }
  })
}

/** About how many lines there are, when so much of the file is read. */
const wholeOf = (read: number, part: number): number | null => (part > 0 ? Math.round(read / part) : null)

const isAllRefused = ({ imported, alreadyThere, refused }: Awaited<ReturnType<typeof bring>>): boolean =>
  imported === 0 && alreadyThere === 0 && Object.keys(refused).length > 0

async function requestOf(options: ImportOptions, from: SourceName): Promise<Omit<ImportRequest, 'file'>> {
  const { format, keepIds = false, dryRun = false, firebaseSignerKeyFile: keyFile } = options
  const firebase = keyFile !== undefined && {
    signerKey: await secretIn(keyFile),
    saltSeparator: options.firebaseSaltSeparator,
    rounds: options.firebaseRounds,
    memCost: options.firebaseMemCost,
  }
  return { from, keepIds, dryRun, ...(format && { format }), ...(firebase && { firebase }) }
}

/** A secret is no argument: all users of the machine see those. */
async function secretIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailed('usage', `${path} can not be read (${error.code}). Nothing was done.`)
  })
  if (text.trim() === '') throw new CommandFailed('usage', `${path} is empty. Nothing was done.`)
  return text.trim()
}

const taken = (path: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EEXIST') throw error
  throw new CommandFailed('failed', `${path} is there already: it is not written over.`)
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
    const exported = await desk
      .withService(({ transfer }) =>
        transfer.exportFile(file, everything ? 'everything' : 'users', {
          operator: desk.operator,
          // No more is done than there is, whatever was expected.
          onRows: (rows, expected) => progress.at(rows, expected && Math.max(expected, rows)),
        }),
      )
      .catch(taken(file))
      .finally(progress.end)
    await desk.answer({ exported }, () => JSON.stringify({ exported }, null, 2))
  })
  withExamples(command, [
    ['latchkey users export users.ndjson', 'users and their hashes'],
    ['latchkey users export move.ndjson --everything', 'to be imported elsewhere with --everything'],
  ])
}
