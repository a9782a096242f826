import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe } from 'node:test'
import { connectEmbedded } from '../../src/platform/postgres/database.ts'
import { openEmbedded } from '../../src/platform/postgres/embedded.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import { transactPostgres } from '../../src/platform/postgres/transact.postgres.ts'
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

describe('on the embedded database', () => {
  const opened = new AsyncDisposableStack()
  let world: World
  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'latchkey-contract-'))
    opened.defer(() => rm(directory, { recursive: true, force: true }))
    const database = connectEmbedded(await openEmbedded(directory, { fsyncSync: () => {} }))
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
