import { randomBytes } from 'node:crypto'
import { createAudit } from '../../src/audit/index.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import { testClock } from './clock.ts'

type Deps = Parameters<typeof createAudit>[0]

/** The audit log of a database, under a key of its own unless one is given. */
export const auditOn = (database: Database, given: Partial<Deps> = {}) =>
  createAudit({
    database,
    transact: transactPostgres(database),
    clock: testClock(),
    log: createLog('silent'),
    seed: new Secret(randomBytes(32)),
    previousSeed: null,
    retention: 400 * 86_400,
    ...given,
  })
