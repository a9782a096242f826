import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transaction } from '../../kernel/transact.ts'
import {
  type ExportEnd,
  type ExportHeader,
  type ExportKind,
  exportVersion,
  movedTables,
} from '../domain/export-format.ts'
import type { LineSink, RowTables } from './ports.ts'

interface Deps {
  readonly tables: RowTables
  readonly audit: Audit
  readonly clock: Clock
}

/**
 * Writes all users, or the whole installation, to a sink: the state of one moment, hashes included. That it was done is
 * on the audit log before the first line is written. Answers how many rows of each table were written.
 *
 * @param onRows told how many rows of about how many are written.
 */
export const exportUsers =
  ({ tables, audit, clock }: Deps) =>
  async (
    kind: ExportKind,
    sink: LineSink,
    operator: Caller | null,
    onRows: (written: number, expected: number | null) => void,
  ): Promise<Record<string, number>> => {
    const now = clock()
    await audit.note({
      kind: 'users_exported',
      at: now,
      userId: null,
      sessionId: null,
      caller: operator,
      subject: kind,
    })
    return tables.snapshot(async (transaction) => {
      const counts: Record<string, number> = {}
      const header: ExportHeader = {
        type: 'header',
        format: 'latchkey-export',
        version: exportVersion,
        kind,
        exported_at: now.toISOString(),
        ...(kind === 'everything' && {
          migrations: await tables.migrations(transaction),
          sequences: await tables.sequences(transaction),
        }),
      }
      await sink.write(JSON.stringify(header))
      const chosen = kind === 'everything' ? movedTables : (['users'] as const)
      const expected = await expectedRows(tables, transaction, chosen)
      let written = 0
      for (const table of chosen) {
        const type = kind === 'everything' ? table : 'user'
        counts[table] = 0
        for await (const rows of tables.rows(transaction, table)) {
          // The rows are texts already: no number and no moment passes through anything less exact.
          for (const row of rows) await sink.write(`{"type":"${type}",${row.slice(1)}`)
          counts[table] += rows.length
          written += rows.length
          onRows(written, expected)
        }
      }
      const end: ExportEnd = { type: 'end', counts }
      await sink.write(JSON.stringify(end))
      return counts
    })
  }

/** Of all of them together; null where one is not known. */
async function expectedRows(
  tables: RowTables,
  transaction: Transaction,
  chosen: readonly string[],
): Promise<number | null> {
  let all = 0
  for (const table of chosen) {
    const rows = await tables.expected(transaction, table)
    if (rows === null) return null
    all += rows
  }
  return all
}
