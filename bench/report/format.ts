import type { Round } from '../run/round.ts'
import { median } from './median.ts'

export const none = '–'

/** Three figures that count, and thousands set apart: more would promise what no round repeats. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  if (digits > 4) return value.toExponential(1)
  const rounded = Number(value.toPrecision(3)).toFixed(digits)
  const [whole = '', fraction] = rounded.split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ' ')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}

/** The median of the rounds that have such a value. */
export function middle(rounds: readonly Round[], of: (round: Round) => number | null | undefined): string {
  const values = rounds.map(of).filter((value) => value !== null && value !== undefined)
  return values.length === 0 ? none : figure(median(values))
}

/** A table in Markdown. Columns of figures stand to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isFigure = (column: number) => rows.every((row) => /^(?:[–\d][\d .e+-]*|yes|no)$/.test(row[column] ?? none))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const ruler = header.map((_, column) => (isFigure(column) ? '---:' : '---'))
  return [line(header), line(ruler), ...rows.map(line)].join('\n')
}
