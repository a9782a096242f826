import { initialTables } from './0001-initial-tables.ts'
import { epochsAndSubjects } from './0002-epochs-and-subjects.ts'

/** Every migration in its order. One that has run anywhere is never edited: a change is a new one at the end. */
export const migrations: Readonly<Record<string, string>> = {
  '0001-initial-tables': initialTables,
  '0002-epochs-and-subjects': epochsAndSubjects,
}
