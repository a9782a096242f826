import { CompiledQuery } from 'kysely'
import type { Database } from './tables.ts'

const mark = /^\/\* prepared: ([a-z-]+) \*\/ /

export interface Prepared<Row> {
  (database: Database, ...parameters: readonly unknown[]): Promise<Row[]>
  /** Without the name that stands in front of it. */
  readonly text: string
}

/**
 * A statement of the hot path: compiled once here, and by PostgreSQL once for each connection. Its name stands in front
 * of its text, where it is also seen in `pg_stat_activity`.
 *
 * @param name as no other statement of this service is called
 */
export function prepared<Row>(name: string, text: string): Prepared<Row> {
  const run = async (database: Database, ...parameters: readonly unknown[]): Promise<Row[]> => {
    const { rows } = await database.executeQuery<Row>(
      CompiledQuery.raw(`/* prepared: ${name} */ ${text}`, [...parameters]),
    )
    return rows
  }
  return Object.assign(run, { text })
}

/**
 * An array of a prepared statement, as one whose length PostgreSQL's planner can't know. It else takes the plan for arrays of
 * any length to be dearer than one for each call's own, and plans anew every time, which takes longer than the statement.
 */
export const given = (array: string): string => `(SELECT ${array})`

/** The name under which a connection prepares a statement; undefined for all that are sent as they are. */
export const nameOfPrepared = (text: unknown): string | undefined =>
  typeof text === 'string' ? mark.exec(text)?.[1] : undefined
