import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, it } from 'node:test'
import type { BucketStore, PlaceStore } from '../../src/throttle/application/ports.ts'
import type { Limit } from '../../src/throttle/domain/limit.ts'
import { bucketStorePostgres } from '../../src/throttle/infrastructure/bucket-store.postgres.ts'
import { placeStorePostgres } from '../../src/throttle/infrastructure/place-store.postgres.ts'
import { start, type World } from './world.ts'

/** Five at once, one more every two seconds. */
const limit: Limit = { name: 'test', quota: 5, window: 10, share: 1 }
const at = (seconds: number) => new Date(start.getTime() + seconds * 1000)

export function bucketStoreContract(world: () => World): void {
  describe('the store of quotas', () => {
    let buckets: BucketStore
    beforeEach(() => {
      buckets = bucketStorePostgres(world().database)
    })
    const newKey = () => randomUUID()
    const ask = (key: string, units = 1) => ({ key, limit, units })
    const take = async (key: string, seconds = 0, units = 1) => (await buckets.take([ask(key, units)], at(seconds)))[0]

    it('gives out the quota, and then nothing until a unit has come back', async () => {
      const key = newKey()
      for (let taken = 1; taken <= 5; taken++) {
        assert.deepEqual(await take(key), { enough: true, fullAt: at(2 * taken) })
      }
      assert.deepEqual(await take(key), { enough: false, fullAt: at(10) })
      assert.deepEqual(await take(key, 1.999), { enough: false, fullAt: at(10) })
      assert.deepEqual(await take(key, 2), { enough: true, fullAt: at(12) })
      assert.deepEqual(await take(key, 2), { enough: false, fullAt: at(12) })
    })

    it('holds no more than the quota, however long nobody came', async () => {
      const key = newKey()
      await take(key)
      assert.deepEqual(await take(key, 1000), { enough: true, fullAt: at(1002) })
    })

    it('takes several units at once or none', async () => {
      const key = newKey()
      assert.deepEqual(await take(key, 0, 4), { enough: true, fullAt: at(8) })
      assert.deepEqual(await take(key, 0, 2), { enough: false, fullAt: at(8) })
      assert.deepEqual(await take(key, 0, 1), { enough: true, fullAt: at(10) })
    })

    it('takes of all that are asked for or of none, and says which had not enough', async () => {
      const [first, second] = [newKey(), newKey()]
      await take(second, 0, 5)
      assert.deepEqual(await buckets.take([ask(first), ask(second)], at(0)), [
        { enough: true, fullAt: at(0) },
        { enough: false, fullAt: at(10) },
      ])
      assert.deepEqual(await take(first), { enough: true, fullAt: at(2) }, 'nothing was taken from it')
      assert.deepEqual(await buckets.take([ask(second), ask(first)], at(2)), [
        { enough: true, fullAt: at(12) },
        { enough: true, fullAt: at(4) },
      ])
    })

    it('gives back what is refunded, and never more than the quota', async () => {
      const key = newKey()
      await take(key, 0, 5)
      await buckets.refund([ask(key)])
      assert.deepEqual(await take(key), { enough: true, fullAt: at(10) })
      await buckets.refund([ask(key, 50)])
      assert.deepEqual(await take(key), { enough: true, fullAt: at(2) })
      await buckets.refund([ask(newKey())])
    })

    it('makes one quota whole, and tells whether anything was missing', async () => {
      const [key, other] = [newKey(), newKey()]
      for (const one of [key, other]) await take(one, 0, 5)
      assert.equal(await buckets.restore(key, at(9.999)), true)
      assert.equal(await buckets.restore(key, at(0)), false)
      assert.deepEqual(await take(key, 0, 5), { enough: true, fullAt: at(10) })
      assert.equal(await buckets.restore(key, at(10)), false, 'by then all of it has come back')
      assert.deepEqual(await take(other), { enough: false, fullAt: at(10) })
    })

    for (const taken of [0, 1]) {
      it(`lets exactly the quota through of many at one moment, ${taken} taken before`, async () => {
        const key = newKey()
        for (let before = 0; before < taken; before++) await take(key)
        const answers = await Promise.all(Array.from({ length: 50 }, () => take(key)))
        assert.equal(answers.filter((answer) => answer?.enough).length, 5 - taken)
      })
    }

    it('deletes what is whole again, and of the rest what is beyond the bound, the fullest first', async () => {
      await world().database.deleteFrom('throttle_buckets').execute()
      const [whole, full, empty] = [newKey(), newKey(), newKey()]
      await take(whole, -100)
      await take(full)
      await take(empty, 0, 5)
      assert.equal(await buckets.purge(at(0), 2), 1)
      assert.equal(await buckets.purge(at(0), 2), 0)
      assert.equal(await buckets.purge(at(0), 1), 1)
      const left = await world().database.selectFrom('throttle_buckets').select('key').execute()
      assert.deepEqual(left, [{ key: empty }])
    })
  })
}

export function placeStoreContract(world: () => World): void {
  describe('the store of known places', () => {
    let places: PlaceStore
    beforeEach(() => {
      places = placeStorePostgres(world().database)
    })

    it('knows when an account was last logged in to from a place', async () => {
      const [account, other] = [randomUUID(), randomUUID()]
      assert.equal(await places.lastLogin(account, 'here'), null)
      await places.remember(account, 'here', at(1), 20)
      await places.remember(account, 'here', at(2), 20)
      assert.deepEqual(await places.lastLogin(account, 'here'), at(2))
      assert.equal(await places.lastLogin(account, 'there'), null)
      assert.equal(await places.lastLogin(other, 'here'), null)
    })

    it('remembers of each account the places that were used last', async () => {
      const [account, other] = [randomUUID(), randomUUID()]
      await places.remember(other, 'a', at(0), 3)
      for (const [index, place] of ['a', 'b', 'c', 'a', 'd'].entries()) {
        await places.remember(account, place, at(index), 3)
      }
      const known = await Promise.all(['a', 'b', 'c', 'd'].map((place) => places.lastLogin(account, place)))
      assert.deepEqual(known, [at(3), null, at(2), at(4)])
      assert.deepEqual(await places.lastLogin(other, 'a'), at(0))
    })

    it('remembers one place alone, and forgets the others of that account', async () => {
      const [account, other] = [randomUUID(), randomUUID()]
      for (const place of ['a', 'b']) await places.remember(account, place, at(0), 20)
      await places.remember(other, 'a', at(0), 20)
      for (const place of ['c', 'b']) {
        await places.rememberAlone(account, place, at(1))
        const known = await Promise.all(['a', 'b', 'c'].map((one) => places.lastLogin(account, one)))
        assert.deepEqual(known, [null, place === 'b' ? at(1) : null, place === 'c' ? at(1) : null])
      }
      assert.deepEqual(await places.lastLogin(other, 'a'), at(0))
    })

    it('forgets all places of one account', async () => {
      const [account, other] = [randomUUID(), randomUUID()]
      for (const one of [account, other]) await places.remember(one, 'here', at(0), 20)
      await places.forget(account)
      assert.equal(await places.lastLogin(account, 'here'), null)
      assert.deepEqual(await places.lastLogin(other, 'here'), at(0))
    })

    it('forgets the places where nobody came for long', async () => {
      const account = randomUUID()
      await places.remember(account, 'old', at(-10), 20)
      await places.remember(account, 'new', at(0), 20)
      assert.ok((await places.purge(at(0))) >= 1)
      assert.equal(await places.lastLogin(account, 'old'), null)
      assert.deepEqual(await places.lastLogin(account, 'new'), at(0))
    })
  })
}
