import type { PlacedRecord } from '../application/ports.ts'
import type { DumpRecord } from '../domain/sources.ts'
import { linesOf } from './lines.ts'

/** One JSON object a line. */
export async function* ndjsonRecords(pieces: AsyncIterable<string>): AsyncGenerator<PlacedRecord> {
  for await (const { number, text } of linesOf(pieces)) yield { line: number, record: objectIn(text) }
}

/** Null for what is no JSON object. */
export function objectIn(text: string | null): DumpRecord | null {
  try {
    const value: unknown = JSON.parse(text ?? '')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as DumpRecord) : null
  } catch {
    return null
  }
}
