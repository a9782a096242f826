import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyStore, StoredKey } from '../../src/keys/application/ports.ts'
import { keyStorePostgres } from '../../src/keys/infrastructure/key-store.postgres.ts'
import { after, gate, start, type World } from './world.ts'

export function keyStoreContract(world: () => World): void {
  describe('the key store', () => {
    let keys: KeyStore
    beforeEach(async () => {
      keys = keyStorePostgres(world().database)
      await world().database.deleteFrom('signing_keys').execute()
    })

    const keyOf = (change: Partial<StoredKey> = {}): StoredKey => ({
      kid: randomBytes(32).toString('base64url'),
      algorithm: 'ES256',
      publicJwk: { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' },
      createdAt: start,
      activatesAt: after(60),
      retiresAt: null,
      sealedPrivateKey: Buffer.from([0, 1, 127, 128, 255]),
      ...change,
    })
    const insert = async (change: Partial<StoredKey> = {}) => {
      const key = keyOf(change)
      await world().transact((transaction) => keys.insert(transaction, key))
      return key
    }

    it('keeps every field: moments to the millisecond, the bytes as a Buffer', async () => {
      const key = await insert({ retiresAt: after(3600) })
      const [found, ...more] = await keys.list()
      assert.deepEqual(found, key)
      assert.ok(Buffer.isBuffer(found?.sealedPrivateKey))
      assert.deepEqual(more, [])
    })

    it('lists the oldest first, by kid where they are equal, and the same under its lock', async () => {
      const young = await insert({ createdAt: after(1) })
      const equals = [await insert({ kid: 'b' }), await insert({ kid: 'a' })]
      const expected = [...equals.toReversed(), young]
      assert.deepEqual(await keys.list(), expected)
      assert.deepEqual(await world().transact((transaction) => keys.lock(transaction)), expected)
    })

    it('holds whoever else wants the lock until the transaction ends, and shows them what it did', async () => {
      const [locked, release] = [gate(), gate()]
      const key = keyOf()
      const first = world().transact(async (transaction) => {
        assert.deepEqual(await keys.lock(transaction), [])
        locked.resolve()
        await release.promise
        await keys.insert(transaction, key)
      })
      await locked.promise
      let seen: StoredKey[] | undefined
      const second = world().transact(async (transaction) => {
        seen = await keys.lock(transaction)
      })
      await sleep(50)
      assert.equal(seen, undefined)
      release.resolve()
      await Promise.all([first, second])
      assert.deepEqual(seen, [key])
    })

    it('refuses a second key with the same kid', async () => {
      await insert({ kid: 'same' })
      await assert.rejects(insert({ kid: 'same' }), { code: '23505' })
    })

    it('reschedules what is named, of the key that is named', async () => {
      const [one, other] = [await insert({ kid: 'a' }), await insert({ kid: 'b' })]
      const reschedule = (change: Parameters<KeyStore['reschedule']>[2]) =>
        world().transact((transaction) => keys.reschedule(transaction, 'a', change))
      await reschedule({ retiresAt: after(90) })
      assert.deepEqual(await keys.list(), [{ ...one, retiresAt: after(90) }, other])
      await reschedule({ activatesAt: start })
      assert.deepEqual(await keys.list(), [{ ...one, activatesAt: start, retiresAt: after(90) }, other])
      await reschedule({ retiresAt: null })
      assert.deepEqual(await keys.list(), [{ ...one, activatesAt: start }, other])
    })

    it('removes the keys that are named', async () => {
      for (const kid of ['a', 'b', 'c']) await insert({ kid })
      await world().transact((transaction) => keys.remove(transaction, ['a', 'c', 'unknown']))
      await world().transact((transaction) => keys.remove(transaction, []))
      assert.deepEqual(
        (await keys.list()).map((key) => key.kid),
        ['b'],
      )
    })

    it('replaces a sealed private half only while it is the one that was read', async () => {
      const [{ sealedPrivateKey: first }] = [await insert({ kid: 'a' }), await insert({ kid: 'b' })]
      const [second, third] = [Buffer.from('second'), Buffer.from('third')]
      await keys.reseal('a', first, second)
      await keys.reseal('a', first, third)
      assert.deepEqual(
        (await keys.list()).map((key) => key.sealedPrivateKey),
        [second, first],
      )
    })
  })
}
