import type { AcceptHash } from '../accounts/index.ts'
import type { Audit } from '../audit/index.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Transact } from '../kernel/transact.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { expectWhole } from './application/expect-whole.ts'
import { exportUsers } from './application/export-users.ts'
import { importEverything } from './application/import-everything.ts'
import { importUsers } from './application/import-users.ts'
import { sources } from './domain/sources.ts'
import { type DumpFile, openDump } from './infrastructure/dump-file.ts'
import { writeExport } from './infrastructure/export-file.ts'
import type { ExportFile, ImportAll, ImportFile } from './infrastructure/requests.ts'
import { rowTablesPostgres } from './infrastructure/row-tables.postgres.ts'
import { userTablePostgres } from './infrastructure/user-table.postgres.ts'

export type { ExportKind } from './domain/export-format.ts'
export type { Format, SourceName } from './domain/sources.ts'
export type { ImportRequest } from './infrastructure/requests.ts'

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  readonly audit: Audit
  readonly acceptHash: AcceptHash
  readonly opensKey: (sealed: Buffer, kid: string) => boolean
}

/** The feature: users of other systems come in, all that we have goes out, and a whole installation moves. */
export function createTransfer({ database, transact, clock, audit, acceptHash, opensKey }: Deps) {
  const tables = rowTablesPostgres(database)
  const bring = importUsers({ users: userTablePostgres, audit, transact, clock, acceptHash })
  const takeIn = importEverything({ tables, audit, transact, clock, opensKey })
  const write = exportUsers({ tables, audit, clock })

  const importFile: ImportFile = async (request, { onRefused, onProgress }) => {
    const source = sources[request.from]
    if (request.from === 'latchkey') await expectWhole((await openDump(request.file, source, request.format)).records)
    const dump = await openDump(request.file, source, request.format)
    return bring(
      dump.records,
      source,
      { ...request, name: request.from, operator: request.operator ?? null },
      {
        onRefused: onRefused ?? (() => undefined),
        onBatch: (counts) => onProgress?.(counts, partOf(dump)),
      },
    )
  }

  const importAll: ImportAll = (file, { operator, onProgress } = {}) => {
    let dump: DumpFile | null = null
    const open = async () => {
      dump = await openDump(file, sources.latchkey, 'ndjson')
      return dump.records
    }
    return takeIn(open, operator ?? null, (read) => onProgress?.(read, dump ? partOf(dump) : 0))
  }

  const exportFile: ExportFile = (file, kind, { operator, onRows = () => undefined } = {}) =>
    writeExport(file, (sink) => write(kind, sink, operator ?? null, onRows))

  return { importFile, importAll, exportFile }
}

/** How much of it is read. */
const partOf = ({ size, bytesRead }: DumpFile): number => (size === 0 ? 1 : bytesRead() / size)
