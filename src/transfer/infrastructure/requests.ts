import type { Caller } from '../../kernel/caller.ts'
import type { ImportCounts } from '../application/import-users.ts'
import type { ExportKind } from '../domain/export-format.ts'
import type { FirebaseParameters } from '../domain/firebase-hash.ts'
import type { Format, SourceName } from '../domain/sources.ts'
import type { LineRefusal } from '../domain/user-row.ts'

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
    /** `part` of the file is read: from 0 to 1. */
    onProgress?: (counts: ImportCounts, part: number) => void
  },
) => Promise<ImportCounts>

export type ImportAll = (
  file: string,
  watch?: {
    operator?: Caller
    /** `part` of the file is read: from 0 to 1. */
    onProgress?: (read: number, part: number) => void
  },
) => Promise<Record<string, number>>

export type ExportFile = (
  file: string,
  kind: ExportKind,
  watch?: {
    operator?: Caller
    /** How many rows of about how many are written; null where nobody knows. */
    onRows?: (written: number, expected: number | null) => void
  },
) => Promise<Record<string, number>>
