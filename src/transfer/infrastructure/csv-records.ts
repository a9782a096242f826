import { Readable } from 'node:stream'
import { type CsvError, type Info, parse } from 'csv-parse'
import type { PlacedRecord } from '../application/ports.ts'
import type { DumpRecord } from '../domain/sources.ts'
import { longestRecord } from './lines.ts'

/**
 * CSV by RFC 4180, its first line the names of the columns unless these are given. A line with other columns than
 * those is unreadable; so is one whose quotes are wrong.
 */
export async function* csvRecords(
  pieces: AsyncIterable<string>,
  columns?: readonly string[],
): AsyncGenerator<PlacedRecord> {
  const skipped: PlacedRecord[] = []
  const parser = parse({
    columns: columns ? [...columns] : true,
    info: true,
    bom: true,
    max_record_size: longestRecord,
    skip_empty_lines: true,
    // Trailing columns come and go with the version of what wrote the file.
    relax_column_count: columns !== undefined,
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined) => {
      skipped.push({ line: Number(error?.lines ?? 0), record: null })
      return undefined
    },
  })
  const source = Readable.from(pieces)
  source.on('error', (error) => parser.destroy(error))
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{ record: DumpRecord; info: Info }>) {
      yield* skipped.splice(0)
      yield { line: info.lines, record }
    }
    yield* skipped.splice(0)
  } finally {
    source.destroy()
  }
}
