import { initialTables } from './0001-initial-tables.ts'
import { epochsAndSubjects } from './0002-epochs-and-subjects.ts'
import { auditChain } from './0003-audit-chain.ts'
import { throttle } from './0004-throttle.ts'

/** Every migration in its order. One that has run anywhere is never edited: a change is a new one at the end. */
export const migrations: Readonly<Record<string, string>> = {
  '0001-initial-tables': initialTables,
  '0002-epochs-and-subjects': epochsAndSubjects,
  '0003-audit-chain': auditChain,
  '0004-throttle': throttle,
}
