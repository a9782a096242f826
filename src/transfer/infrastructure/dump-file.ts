import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import type { PlacedRecord } from '../application/ports.ts'
import type { Format, Source } from '../domain/sources.ts'
import { copyRecords } from './copy-records.ts'
import { csvRecords } from './csv-records.ts'
import { jsonRecords } from './json-records.ts'
import { ndjsonRecords } from './ndjson-records.ts'

export interface DumpFile {
  readonly records: AsyncIterable<PlacedRecord>
  /** In bytes. */
  readonly size: number
  bytesRead(): number
}

const byEnd: Readonly<Record<string, Format>> = {
  '.csv': 'csv',
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.sql': 'copy',
}

/**
 * Opens a dump for one reading from its beginning to its end, in little memory however large it is. Its format follows
 * from its name where none is given.
 *
 * @throws Error in a sentence for a person, when the source has no such format or the file can't be read.
 */
export async function openDump(path: string, source: Source, format?: Format): Promise<DumpFile> {
  const first = source.formats[0] ?? 'ndjson'
  const chosen = format ?? byEnd[extname(path).toLowerCase()] ?? first
  if (!source.formats.includes(chosen)) {
    throw new Error(`A dump of this source is ${source.formats.join(' or ')}, not ${chosen}. Say so with --format.`)
  }
  const { size } = await stat(path)
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 256 * 1024 })
  return { records: recordsOf(stream, source, chosen), size, bytesRead: () => stream.bytesRead }
}

function recordsOf(pieces: AsyncIterable<string>, source: Source, format: Format): AsyncIterable<PlacedRecord> {
  if (format === 'csv') return csvRecords(pieces, source.columns)
  if (format === 'json') return jsonRecords(pieces)
  return format === 'copy' ? copyRecords(pieces, source.tables ?? []) : ndjsonRecords(pieces)
}
