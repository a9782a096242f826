import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { accountStorePostgres } from '../../src/accounts/infrastructure/account-store.postgres.ts'
import type { Transaction } from '../../src/kernel/transact.ts'
import { opened } from '../../src/platform/postgres/transact.postgres.ts'
import { newEmail, start, type World } from './world.ts'

export function transactContract(world: () => World): void {
  describe('a transaction', () => {
    const exists = async (email: string) => {
      const row = world().database.selectFrom('users').select('id').where('email', '=', email).executeTakeFirst()
      return (await row) !== undefined
    }
    const insert = (transaction: Transaction, email = newEmail()) =>
      accountStorePostgres(world().database).insert(transaction, { email, passwordHash: 'hash', createdAt: start })

    it('is committed when the work returns, and answers what it returned', async () => {
      const email = newEmail()
      const answer = await world().transact(async (transaction) => {
        await insert(transaction, email)
        return 'done'
      })
      assert.equal(answer, 'done')
      assert.equal(await exists(email), true)
    })

    it('is rolled back when the work throws, and throws the same', async () => {
      const email = newEmail()
      const reason = new Error('no')
      const work = world().transact(async (transaction) => {
        await insert(transaction, email)
        throw reason
      })
      await assert.rejects(work, (error) => error === reason)
      assert.equal(await exists(email), false)
    })

    it('is rolled back when a statement fails, and the next one works', async () => {
      const email = newEmail()
      const work = world().transact(async (transaction) => {
        await insert(transaction, email)
        await sql`SELECT 1 / 0`.execute(opened(transaction))
      })
      await assert.rejects(work, { code: '22012' })
      assert.equal(await exists(email), false)
      assert.equal(await world().transact(async (transaction) => (await insert(transaction)) !== null), true)
    })

    for (const code of ['40001', '40P01']) {
      it(`is tried again after ${code}, with nothing left of the first try`, async () => {
        const email = newEmail()
        let tries = 0
        await world().transact(async (transaction) => {
          assert.notEqual(await insert(transaction, email), null)
          if (++tries <= 3) await sql.raw(raising(code)).execute(opened(transaction))
        })
        assert.equal(tries, 4)
        assert.equal(await exists(email), true)
      })
    }

    it('is given up after the fourth try', async () => {
      let tries = 0
      const work = world().transact(async (transaction) => {
        tries++
        await sql.raw(raising('40001')).execute(opened(transaction))
      })
      await assert.rejects(work, { code: '40001' })
      assert.equal(tries, 4)
    })

    it('is not tried again after any other failure', async () => {
      let tries = 0
      const work = world().transact(async (transaction) => {
        tries++
        await sql.raw(raising('23505')).execute(opened(transaction))
      })
      await assert.rejects(work, { code: '23505' })
      assert.equal(tries, 1)
    })
  })
}

const raising = (code: string) => `DO $$ BEGIN RAISE EXCEPTION 'raised by a test' USING ERRCODE = '${code}'; END $$`
