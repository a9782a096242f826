import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { Secret } from '../../../src/kernel/secret.ts'
import { loadKeys } from '../../../src/keys/application/load-keys.ts'
import { createKeys } from '../../../src/keys/index.ts'
import { cryptoKeyMaker } from '../../../src/keys/infrastructure/key-maker.crypto.ts'
import { keyStorePostgres } from '../../../src/keys/infrastructure/key-store.postgres.ts'
import { aesGcmVault } from '../../../src/keys/infrastructure/vault.aes-gcm.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres } from '../../../src/platform/postgres/database.ts'
import { migrate } from '../../../src/platform/postgres/migrator.ts'
import type { Database } from '../../../src/platform/postgres/tables.ts'
import { transactPostgres } from '../../../src/platform/postgres/transact.postgres.ts'
import { auditOn } from '../../support/audit.ts'
import { testClock } from '../../support/clock.ts'
import { startPostgres } from '../../support/postgres.ts'

describe('the signing keys in PostgreSQL', () => {
  const opened = new AsyncDisposableStack()
  const [vaultKey, otherKey] = [new Secret(randomBytes(32)), new Secret(randomBytes(32))]
  let database: Database

  before(async () => {
    const server = opened.use(await startPostgres())
    const { url } = await server.createDatabase()
    database = connectPostgres(new Secret(url), createLog('silent'))
    opened.defer(() => database.destroy())
    await migrate(database)
  })
  after(() => opened.disposeAsync())
  beforeEach(() => database.deleteFrom('signing_keys').execute())

  const start = (key = vaultKey, clock = testClock(), previousVaultKey: Secret<Buffer> | null = null) =>
    createKeys({
      database,
      transact: transactPostgres(database),
      clock,
      audit: auditOn(database).audit,
      keeps: true,
      log: createLog('silent'),
      vaultKey: key,
      previousVaultKey,
      publicUrl: 'http://localhost:1602',
      algorithm: 'ES256',
      interval: 86_400,
      jwksMaxAge: 600,
      longestTokenLife: 60,
    })
  const rows = () => database.selectFrom('signing_keys').selectAll().orderBy('kid').execute()

  it('are one, made at the first start and used by the next', async () => {
    const token = (await start()).signer.sign('at+jwt', { sub: '1' })
    assert.equal((await rows()).length, 1)
    assert.deepEqual(await (await start()).signer.verify('at+jwt', token), { sub: '1' })
    assert.equal((await rows()).length, 1)
  })

  it('are one also where many start at once, and all sign with it', async () => {
    const several = await Promise.all(Array.from({ length: 8 }, () => start()))
    const [row, ...more] = await rows()
    assert.deepEqual(more, [])
    for (const { signer } of several) {
      const [header = ''] = signer.sign('at+jwt', {}).split('.')
      assert.equal(JSON.parse(Buffer.from(header, 'base64url').toString()).kid, row?.kid)
    }
  })

  it('lie there without their private halves', async () => {
    await start()
    const [row] = await rows()
    assert.deepEqual(Object.keys(row?.public_jwk ?? {}).toSorted(), ['crv', 'kty', 'x', 'y'])
    const privateKey = aesGcmVault(vaultKey).open(row?.sealed_private_key ?? Buffer.alloc(0), row?.kid ?? '')
    assert.ok(privateKey)
    assert.ok(!row?.sealed_private_key.includes(privateKey.subarray(-32)))
  })

  it('stop a start under another SECRET_KEY with a sentence, and stay as they are', async () => {
    const clock = testClock()
    await start(vaultKey, clock)
    const kept = await rows()
    // By then a new key is due.
    clock.advance(86_400)
    await assert.rejects(start(otherKey, clock), {
      name: 'WrongSecretKey',
      message: 'SECRET_KEY is not the one under which the signing keys in the database were sealed.',
    })
    assert.deepEqual(await rows(), kept)
    await start(vaultKey, clock)
  })

  it('open under the previous SECRET_KEY, are sealed anew, and then need it no more', async () => {
    const token = (await start()).signer.sign('at+jwt', { sub: '1' })
    await start(otherKey, testClock(), vaultKey)
    assert.deepEqual(await (await start(otherKey)).signer.verify('at+jwt', token), { sub: '1' })
    await assert.rejects(start(vaultKey), { name: 'WrongSecretKey' })
  })

  it('stop a start when one was altered, or put in the place of another', async () => {
    await start()
    const other = await cryptoKeyMaker.generate('ES256')
    await database
      .updateTable('signing_keys')
      .set({ public_jwk: JSON.stringify(other.publicJwk) })
      .execute()
    await assert.rejects(start(), /fails its self-test/)
    const sealed = aesGcmVault(vaultKey).seal(other.privateKey, other.kid)
    await database.updateTable('signing_keys').set({ sealed_private_key: sealed }).execute()
    await assert.rejects(start(), { name: 'WrongSecretKey' })
  })

  it('are opened once: what is known already takes its times alone from the database', async () => {
    await start()
    const vault = aesGcmVault(vaultKey)
    const load = loadKeys({
      keys: keyStorePostgres(database),
      vault,
      maker: cryptoKeyMaker,
      onUnopened: () => undefined,
    })
    const [known] = await load([])
    assert.ok(known)
    const retiresAt = new Date('2030-01-01T00:00:00.123Z')
    await database
      .updateTable('signing_keys')
      .set({ retires_at: retiresAt, sealed_private_key: Buffer.alloc(0) })
      .execute()
    const [again] = await load([known])
    assert.deepEqual(again, { ...known, retiresAt })
    await assert.rejects(load([]), { name: 'WrongSecretKey' })
  })
})
