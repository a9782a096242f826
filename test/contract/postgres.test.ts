import { after, before, describe } from 'node:test'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
import { startPostgres } from '../support/postgres.ts'
import { accountRecordsContract } from './account-records.contract.ts'
import { accountStoreContract } from './account-store.contract.ts'
import { auditContract } from './audit.contract.ts'
import { auditChainContract } from './audit-chain.contract.ts'
import { eventReaderContract } from './event-reader.contract.ts'
import { keyStoreContract } from './key-store.contract.ts'
import { sessionStoreContract } from './session-store.contract.ts'
import { bucketStoreContract, placeStoreContract } from './throttle-store.contract.ts'
import { transactContract } from './transact.contract.ts'
import { transferContract } from './transfer.contract.ts'
import type { World } from './world.ts'

describe('on PostgreSQL', () => {
  const opened = new AsyncDisposableStack()
  let world: World
  before(async () => {
    const server = opened.use(await startPostgres())
    const { url } = opened.use(await server.createDatabase())
    const database = connectPostgres(new Secret(url), createLog('silent'))
    opened.defer(() => database.destroy())
    await migrate(database)
    world = { database, transact: transactPostgres(database) }
  })
  after(() => opened.disposeAsync())

  for (const contract of [
    transactContract,
    accountStoreContract,
    accountRecordsContract,
    sessionStoreContract,
    keyStoreContract,
    auditContract,
    eventReaderContract,
    auditChainContract,
    bucketStoreContract,
    placeStoreContract,
    transferContract,
  ]) {
    contract(() => world)
  }
})
