import type { LogEvent } from 'kysely'
import { nameOfPrepared } from './prepared.ts'

/** @param name of a prepared statement, or the first word of another: never more of its text, and no value. */
export type OnStatement = (name: string, seconds: number, failed: boolean) => void

/** The first words of statements that this service sends. Any other is `other`. */
const words: ReadonlySet<string> = new Set([
  ...['select', 'insert', 'update', 'delete', 'with', 'begin', 'commit', 'rollback'],
])

/** Has each statement told of, in the turn of whoever asked for it. */
export const timed =
  (onStatement: OnStatement) =>
  ({ level, query, queryDurationMillis }: LogEvent): void =>
    onStatement(nameOf(query.sql), queryDurationMillis / 1000, level === 'error')

function nameOf(text: string): string {
  const prepared = nameOfPrepared(text)
  if (prepared !== undefined) return prepared
  const word = /^\s*([a-z]+)/i.exec(text)?.[1]?.toLowerCase() ?? ''
  return words.has(word) ? word : 'other'
}
