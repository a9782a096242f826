import type { PlacedRecord } from '../application/ports.ts'
import { linesOf } from './lines.ts'

const head = /^COPY ([\w."]+) \(([\w", ]+)\) FROM stdin;$/

/**
 * The rows of these tables in a plain dump by `pg_dump`: what stands between `COPY … FROM stdin;` and `\.`
 * (https://www.postgresql.org/docs/current/sql-copy.html, text format).
 */
export async function* copyRecords(
  pieces: AsyncIterable<string>,
  tables: readonly string[],
): AsyncGenerator<PlacedRecord> {
  let columns: readonly string[] | null = null
  let inside = false
  for await (const { number, text } of linesOf(pieces)) {
    if (!inside) {
      const [, table = '', names = ''] = head.exec(text ?? '') ?? []
      inside = table !== ''
      const wanted = tables.includes(table.replaceAll('"', ''))
      columns = wanted ? names.split(', ').map((name) => name.replaceAll('"', '')) : null
    } else if (text === '\\.') inside = false
    else if (columns) yield { line: number, record: recordOf(columns, text) }
  }
}

function recordOf(columns: readonly string[], text: string | null): Record<string, string | null> | null {
  const cells = text?.split('\t') ?? []
  if (cells.length !== columns.length) return null
  return Object.fromEntries(columns.map((name, index) => [name, cellOf(cells[index] ?? '')]))
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

const cellOf = (cell: string): string | null =>
  cell === '\\N' ? null : cell.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter)
