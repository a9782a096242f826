import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { AccountRecords, AccountStore } from '../../src/accounts/application/ports.ts'
import type { AccountFilter } from '../../src/accounts/domain/account-record.ts'
import type { User } from '../../src/accounts/domain/user.ts'
import { accountRecordsPostgres } from '../../src/accounts/infrastructure/account-records.postgres.ts'
import { accountStorePostgres } from '../../src/accounts/infrastructure/account-store.postgres.ts'
import type { UserId } from '../../src/kernel/ids.ts'
import { after, newEmail, start, type World } from './world.ts'

export function accountRecordsContract(world: () => World): void {
  describe('the accounts as an operator sees them', () => {
    let records: AccountRecords
    let accounts: AccountStore
    beforeEach(() => {
      records = accountRecordsPostgres(world().database)
      accounts = accountStorePostgres(world().database)
    })

    const inserted = async (email = newEmail(), createdAt = start): Promise<User> => {
      const account = { email, passwordHash: 'hash', createdAt }
      const user = await world().transact((transaction) => accounts.insert(transaction, account))
      assert.ok(user)
      return user
    }
    const recordOf = ({ id, email }: User) => ({
      ...{ id, email, createdAt: start, disabledAt: null, hasPassword: true },
      failures: { known: 0, elsewhere: 0 },
    })
    /** From behind the newest account of before. */
    const listFrom = async (first: User, filter: AccountFilter = {}, count = 100) =>
      records.list(filter, first.id - 1, count)
    const idsOf = ({ records }: { records: { id: UserId }[] }) => records.map(({ id }) => id)

    it('are found by id and by address, with failures, and without what opens them', async () => {
      const user = await inserted()
      assert.deepEqual(await records.find({ id: user.id }), recordOf(user))
      for (let times = 0; times < 3; times++) await accounts.beginAttempt({ id: user.id }, 'elsewhere')
      await accounts.beginAttempt({ id: user.id }, 'known')
      const failed = { ...recordOf(user), failures: { known: 1, elsewhere: 3 } }
      assert.deepEqual(await records.find({ email: user.email }), failed)
      assert.equal(await records.find({ id: (user.id + 1_000_000) as UserId }), null)
    })

    it('are listed in the order of their ids, a page at a time', async () => {
      const users = [await inserted(), await inserted(), await inserted()] as const
      const [one, two, three] = users
      const page = await listFrom(one, {}, 2)
      assert.deepEqual(page, { records: [recordOf(one), recordOf(two)], next: two.id })
      assert.deepEqual(await records.list({}, two.id, 2), { records: [recordOf(three)], next: null })
      assert.deepEqual(await records.list({}, three.id, 2), { records: [], next: null })
    })

    it('are filtered by a part of the address, by whether they are disabled, and by when they were registered', async () => {
      const mark = `mark${process.pid}`
      const [one, two] = [await inserted(`a.${mark}@example.com` as User['email']), await inserted()]
      const three = await inserted(newEmail(), after(100))
      await world().transact((transaction) => accounts.setDisabled(transaction, two.id, start))
      assert.deepEqual(idsOf(await listFrom(one, { email: mark })), [one.id])
      assert.deepEqual(idsOf(await listFrom(one, { email: '%' })), [])
      assert.deepEqual(idsOf(await listFrom(one, { disabled: true })), [two.id])
      assert.deepEqual(idsOf(await listFrom(one, { disabled: false })), [one.id, three.id])
      assert.deepEqual(idsOf(await listFrom(one, { since: after(100) })), [three.id])
      assert.deepEqual(idsOf(await listFrom(one, { until: after(100) })), [one.id, two.id])
    })

    it('are looked at a bounded number at a time, whatever is wanted', async () => {
      const first = await inserted()
      await sql`
        INSERT INTO users (email, created_at)
        SELECT 'many-' || n || ${`-${first.id}@example.com`}, ${start}::timestamptz FROM generate_series(1, 10000) n`.execute(
        world().database,
      )
      const last = await inserted()
      const page = await listFrom(first, { email: last.email })
      assert.deepEqual(page, { records: [], next: last.id - 2 })
      assert.deepEqual(await records.list({ email: last.email }, page.next ?? 0, 5), {
        records: [recordOf(last)],
        next: null,
      })
      await world().database.deleteFrom('users').where('id', '>', first.id).execute()
    })

    it('are held, and deleted with their sessions and failures, and their ids never come again', async () => {
      const user = await inserted()
      await accounts.beginAttempt({ id: user.id }, 'known')
      await sql`
        INSERT INTO sessions (id, user_id, created_at, last_used_at, idle_expires_at, expires_at)
        VALUES (gen_random_uuid(), ${user.id}, ${start}, ${start}, ${start}, ${start})`.execute(world().database)
      await world().transact(async (transaction) => {
        assert.deepEqual(await records.lock(transaction, user.id), { epoch: 0 })
        await records.remove(transaction, user.id)
        assert.equal(await records.lock(transaction, user.id), null)
      })
      assert.equal(await records.find({ id: user.id }), null)
      for (const table of ['sessions', 'login_streaks'] as const) {
        const left = await world().database.selectFrom(table).selectAll().where('user_id', '=', user.id).execute()
        assert.deepEqual(left, [])
      }
      assert.ok((await inserted(user.email)).id > user.id)
    })
  })
}
