import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transact, Transaction } from '../../kernel/transact.ts'
import { exportVersion, movedTables } from '../domain/export-format.ts'
import type { PlacedRecord, RowTables, Sequences } from './ports.ts'

interface Deps {
  readonly tables: RowTables
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  /** Whether the secret key of this service opens a signing key that was sealed elsewhere. */
  readonly opensKey: (sealed: Buffer, kid: string) => boolean
}

/** An export of a whole installation that can't be taken in. The message is for the operator. */
export class NotMovable extends Error {
  override name = 'NotMovable'
}

const batchSize = 500
const order: readonly string[] = movedTables

/**
 * Takes a whole installation in: its users with their ids, its sessions, signing keys and audit log. One transaction, so
 * that it is there whole or not at all, however it ends. The database must be empty, and the secret key the same.
 *
 * @param open the export from its beginning: a deadlock has all of it begin anew.
 * @throws NotMovable
 */
export const importEverything =
  (deps: Deps) =>
  (
    open: () => Promise<AsyncIterable<PlacedRecord>>,
    operator: Caller | null,
    onRows: (read: number) => void,
  ): Promise<Record<string, number>> =>
    deps.transact(async (transaction) => {
      // From here to the end they are as they were found: nobody registers between the look and the first row.
      await deps.tables.hold(transaction, movedTables)
      for (const table of movedTables) {
        if (!(await deps.tables.isEmpty(transaction, table))) throw new NotMovable(notEmpty(table))
      }
      const { counts, sequences } = await takeIn(deps, transaction, await open(), onRows)
      await deps.tables.settle(transaction, sequences)
      const event = {
        kind: 'users_imported',
        at: deps.clock(),
        userId: null,
        sessionId: null,
        caller: operator,
      } as const
      await deps.audit.record(transaction, { ...event, subject: 'everything' })
      return counts
    })

async function takeIn(
  { tables, opensKey }: Deps,
  transaction: Transaction,
  records: AsyncIterable<PlacedRecord>,
  onRows: (read: number) => void,
): Promise<{ counts: Record<string, number>; sequences: Sequences }> {
  let sequences: Sequences = { users: 0, audit_events: 0 }
  const counts: Record<string, number> = Object.fromEntries(movedTables.map((table) => [table, 0]))
  let [table, batch, read]: [string, object[], number] = ['', [], 0]
  let end: unknown = null

  async function flush(): Promise<void> {
    if (batch.length > 0) await tables.insert(transaction, table, batch)
    counts[table] = (counts[table] ?? 0) + batch.length
    read += batch.length
    batch = []
    onRows(read)
  }

  const migrations = await tables.migrations(transaction)
  for await (const { line, record } of records) {
    if (record === null || end !== null) throw new NotMovable(`Line ${line} of the export can't be read.`)
    const { type, ...row } = record
    if (line === 1) sequences = readHeader(record, migrations)
    else if (type === 'end') end = record.counts
    else {
      const at = order.indexOf(String(type))
      if (at < 0 || at < order.indexOf(table)) throw new NotMovable(`Line ${line} is out of place.`)
      if (type === 'signing_keys' && !opens(opensKey, row)) throw new NotMovable(wrongSecretKey)
      if (type !== table || batch.length === batchSize) {
        if (batch.length > 0) await flush()
        table = String(type)
      }
      batch.push(row)
    }
  }
  if (batch.length > 0) await flush()
  if (JSON.stringify(end) !== JSON.stringify(counts)) throw new NotMovable(notWhole)
  return { counts, sequences }
}

function readHeader(header: Readonly<Record<string, unknown>>, migrations: readonly string[]): Sequences {
  const { format, version, kind } = header
  if (format !== 'latchkey-export' || kind !== 'everything') throw new NotMovable(noExport)
  const theirs = Array.isArray(header.migrations) ? header.migrations : []
  if (version !== exportVersion || theirs.some((name) => !migrations.includes(name))) throw new NotMovable(newer)
  const { users, audit_events } = (header.sequences ?? {}) as Sequences
  if (!Number.isSafeInteger(users) || !Number.isSafeInteger(audit_events)) throw new NotMovable(noExport)
  return { users, audit_events }
}

function opens(opensKey: Deps['opensKey'], row: Readonly<Record<string, unknown>>): boolean {
  // As PostgreSQL writes bytes.
  const sealed = Buffer.from(String(row.sealed_private_key).replace(/^\\x/, ''), 'hex')
  return opensKey(sealed, String(row.kid))
}

const notEmpty = (table: string) =>
  `The database is not empty: ${table} has rows. A whole installation is taken in by an empty database alone.`
const wrongSecretKey =
  'SECRET_KEY is not the one of the installation that was exported: its signing keys can not be opened. Nothing was written.'
const noExport = 'The file is no export of a whole installation: `users export --everything` writes one.'
const newer = 'The export is of a newer version of Latchkey than this one.'
const notWhole = 'The export is not whole: its last line is missing, or counts other rows than there are.'
