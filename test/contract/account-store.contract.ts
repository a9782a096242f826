import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { AccountStore } from '../../src/accounts/application/ports.ts'
import type { Whence } from '../../src/accounts/domain/lockout.ts'
import type { User } from '../../src/accounts/domain/user.ts'
import { accountStorePostgres } from '../../src/accounts/infrastructure/account-store.postgres.ts'
import type { UserId } from '../../src/kernel/ids.ts'
import { newEmail, start, type World } from './world.ts'

export function accountStoreContract(world: () => World): void {
  describe('the account store', () => {
    let accounts: AccountStore
    beforeEach(() => {
      accounts = accountStorePostgres(world().database)
    })

    const insert = (email = newEmail(), passwordHash = 'first') =>
      world().transact((transaction) => accounts.insert(transaction, { email, passwordHash, createdAt: start }))
    const inserted = async (): Promise<User> => {
      const user = await insert()
      assert.ok(user)
      return user
    }
    const hashOf = async (id: UserId) => (await accounts.beginAttempt({ id }, 'known'))?.passwordHash
    const epochOf = async (id: UserId) => (await accounts.beginAttempt({ id }, 'known'))?.epoch ?? Number.NaN
    const failuresOf = async (id: UserId, from: Whence) => (await accounts.beginAttempt({ id }, from))?.failures

    it('inserts an account and finds it by its id and by its address', async () => {
      const email = newEmail()
      const user = await insert(email)
      assert.ok(user)
      assert.deepEqual(user, { id: user.id, email })
      assert.deepEqual(await accounts.find({ id: user.id }), user)
      assert.deepEqual(await accounts.find({ email }), user)
      const credentials = await accounts.beginAttempt({ email }, 'known')
      assert.deepEqual(credentials, {
        ...{ user, isDisabled: false, passwordHash: 'first' },
        epoch: credentials?.epoch,
        failures: 1,
      })
      assert.deepEqual(await accounts.beginAttempt({ id: user.id }, 'known'), { ...credentials, failures: 2 })
      assert.ok(Number.isInteger(credentials?.epoch))
    })

    it('gives ids that are positive numbers, each higher than those before', async () => {
      const [first, second] = [await inserted(), await inserted()]
      assert.equal(typeof first.id, 'number')
      assert.ok(Number.isSafeInteger(first.id) && first.id > 0)
      assert.ok(second.id > first.id)
    })

    it('never gives an id again, not even when the last account is gone', async () => {
      const gone = await inserted()
      await world().database.deleteFrom('users').where('id', '=', gone.id).execute()
      assert.ok((await inserted()).id > gone.id)
    })

    it('answers null for an address that is taken, and leaves the account that has it as it is', async () => {
      const user = await inserted()
      assert.equal(await insert(user.email, 'another'), null)
      assert.deepEqual((await accounts.beginAttempt({ email: user.email }, 'known'))?.passwordHash, 'first')
    })

    it('lets one of many with the same address through', async () => {
      const email = newEmail()
      const answers = await Promise.all(Array.from({ length: 8 }, () => insert(email)))
      assert.equal(answers.filter((answer) => answer !== null).length, 1)
    })

    it('answers null for whom it does not know', async () => {
      const nobody = (await inserted()).id + 1_000_000
      assert.equal(await accounts.find({ id: nobody as UserId }), null)
      assert.equal(await accounts.find({ email: newEmail() }), null)
      assert.equal(await accounts.beginAttempt({ id: nobody as UserId }, 'known'), null)
      assert.equal(await accounts.beginAttempt({ email: newEmail() }, 'known'), null)
    })

    it('renews a hash in the same epoch, while it is the one that was verified', async () => {
      const [user, other] = [await inserted(), await inserted()]
      const epoch = await epochOf(user.id)
      await accounts.renewHash(user.id, 'first', 'second')
      assert.equal(await hashOf(user.id), 'second')
      await accounts.renewHash(user.id, 'first', 'third')
      assert.equal(await hashOf(user.id), 'second')
      assert.equal(await epochOf(user.id), epoch)
      assert.equal(await hashOf(other.id), 'first')
    })

    it('replaces a hash in a new epoch, while the epoch is the one in which the old one was verified', async () => {
      const [user, other] = [await inserted(), await inserted()]
      const epoch = await epochOf(user.id)
      const replace = (to: string) =>
        world().transact((transaction) => accounts.replaceHash(transaction, user.id, epoch, to))
      assert.equal(await replace('second'), true)
      assert.equal(await replace('third'), false)
      assert.equal(await hashOf(user.id), 'second')
      assert.equal(await epochOf(user.id), epoch + 1)
      assert.equal(await hashOf(other.id), 'first')
    })

    it('disables and enables an account, each in a new epoch, and tells whether that changed anything', async () => {
      const [user, other] = [await inserted(), await inserted()]
      const epoch = await epochOf(user.id)
      const set = (at: Date | null) => world().transact((transaction) => accounts.setDisabled(transaction, user.id, at))
      assert.equal(await set(null), false)
      assert.equal(await set(start), true)
      assert.equal(await set(start), false)
      assert.equal(await hashOf(user.id), null, 'no password opens it')
      assert.equal((await accounts.beginAttempt({ id: user.id }, 'known'))?.isDisabled, true)
      assert.equal(await hashOf(other.id), 'first')
      assert.equal(await set(null), true)
      assert.equal(await hashOf(user.id), 'first')
      assert.equal(await epochOf(user.id), epoch + 2)
    })

    it('counts every attempt as failed, apart by whence it comes, and takes back the one that was withdrawn', async () => {
      const [user, other] = [await inserted(), await inserted()]
      assert.equal(await failuresOf(user.id, 'elsewhere'), 1)
      assert.equal(await failuresOf(user.id, 'elsewhere'), 2)
      assert.equal(await failuresOf(user.id, 'known'), 1)
      await accounts.withdrawAttempt({ email: user.email }, 'elsewhere')
      assert.equal(await failuresOf(user.id, 'elsewhere'), 2)
      assert.equal(await failuresOf(other.id, 'elsewhere'), 1)
    })

    it('counts nothing and writes nothing where no failure counts, and knows the account all the same', async () => {
      const user = await inserted()
      const counted = await accounts.beginAttempt({ id: user.id }, 'known')
      for (const by of [{ id: user.id }, { email: user.email }]) {
        assert.deepEqual(await accounts.beginAttempt(by, null), { ...counted, failures: 0 })
      }
      assert.equal(await accounts.beginAttempt({ email: newEmail() }, null), null)
      assert.equal(await failuresOf(user.id, 'known'), 2)
      assert.equal(await failuresOf(user.id, 'elsewhere'), 1)
    })

    it('counts each of many attempts at one moment', async () => {
      const { id, email } = await inserted()
      const attempts = Array.from({ length: 50 }, () => accounts.beginAttempt({ email }, 'elsewhere'))
      const counts = (await Promise.all(attempts)).map((attempt) => attempt?.failures ?? 0)
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        Array.from({ length: 50 }, (_, index) => index + 1),
      )
      assert.equal(await failuresOf(id, 'elsewhere'), 51)
    })

    it('ends the row of failures, wherever they came from, and tells whether there was one', async () => {
      const { id } = await inserted()
      assert.equal(await accounts.clearFailures(id), false)
      await failuresOf(id, 'elsewhere')
      await failuresOf(id, 'known')
      assert.equal(await accounts.clearFailures(id), true)
      assert.equal(await accounts.clearFailures(id), false)
      await accounts.withdrawAttempt({ id }, 'known')
      assert.equal(await failuresOf(id, 'known'), 1, 'a withdrawal that comes late gives nothing away')
      assert.equal(await failuresOf(id, 'elsewhere'), 1)
    })

    it('writes as much for an address that has no account, and keeps a bounded number of rows of it', async () => {
      const rows = async () => {
        const query = world()
          .database.selectFrom('login_streak_decoys')
          .select((with_) => with_.fn.countAll().as('n'))
        return Number((await query.executeTakeFirstOrThrow()).n)
      }
      const [email, before] = [newEmail(), await rows()]
      for (const from of ['known', 'elsewhere', 'elsewhere'] as const) {
        assert.equal(await accounts.beginAttempt({ email }, from), null)
      }
      assert.equal(await rows(), before + 1)
      const slot = sql<{ slot: number }>`SELECT max(slot) AS slot FROM login_streak_decoys`
      assert.ok(((await slot.execute(world().database)).rows[0]?.slot ?? 0) < 65_536)
    })

    it('forgets the failures of an account that is gone', async () => {
      const { id } = await inserted()
      await failuresOf(id, 'known')
      await world().database.deleteFrom('users').where('id', '=', id).execute()
      const left = await world().database.selectFrom('login_streaks').selectAll().where('user_id', '=', id).execute()
      assert.deepEqual(left, [])
    })

    it('keeps the milliseconds of the moment of registration', async () => {
      const { id } = await inserted()
      const query = world().database.selectFrom('users').select('created_at').where('id', '=', id)
      assert.deepEqual(await query.executeTakeFirst(), { created_at: start })
    })

    for (const [what, email] of [
      ['in upper case', 'Person@example.com'],
      ['of 255 characters', `${'a'.repeat(243)}@example.com`],
    ] as const) {
      it(`is on a database that refuses an address ${what} by itself`, async () => {
        const behind = sql`INSERT INTO users (email, created_at) VALUES (${email}, ${start})`
        await assert.rejects(behind.execute(world().database), { code: '23514', constraint: 'users_email_canonical' })
      })
    }
  })
}
