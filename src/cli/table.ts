import type { Output } from './terminal.ts'

type Cell = string | number | null | undefined

/** Between columns, in characters. */
const gap = 2

/** Text that moves no cursor and hides nothing: what stands in a table may come from anybody. */
const plain = (cell: Cell): string => String(cell ?? '-').replaceAll(/\p{C}/gu, '?')

/**
 * Rows under headings, each column as wide as its widest cell. On a terminal a line that is too long loses its end, so
 * that rows stay rows; in a pipe it is whole. What is shown here is ASCII, of which each character takes one place.
 */
export function table(output: Output, headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map(plain))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  )
  const lineOf = (row: readonly string[]) => {
    const padded = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
    const line = padded.join(' '.repeat(gap)).trimEnd()
    return output.width !== null && line.length > output.width ? `${line.slice(0, output.width - 1)}…` : line
  }
  return [output.style('bold', lineOf(headings)), ...cells.map(lineOf)].join('\n')
}

/** Names and values below each other. */
export function fields(output: Output, entries: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length))
  return entries
    .map(([name, value]) => `${output.style('bold', name.padEnd(width))}${' '.repeat(gap)}${plain(value)}`)
    .join('\n')
}
