import { accountStorePostgres } from '../../src/accounts/infrastructure/account-store.postgres.ts'
import { type EmailAddress, parseEmailAddress } from '../../src/kernel/email-address.ts'
import type { UserId } from '../../src/kernel/ids.ts'
import type { Transact } from '../../src/kernel/transact.ts'
import type { Database } from '../../src/platform/postgres/tables.ts'

/** What a contract is held against: a migrated database and its transactions. */
export interface World {
  readonly database: Database
  readonly transact: Transact
}

/** A moment that only a column with milliseconds can keep. */
export const start = new Date('2026-11-22T12:00:00.123Z')

export const after = (seconds: number): Date => new Date(start.getTime() + seconds * 1000)

let count = 0

/** An address that nobody has yet. */
export function newEmail(): EmailAddress {
  const email = parseEmailAddress(`person-${process.pid}-${++count}@example.com`)
  if (email === null) throw new Error('not an address')
  return email
}

/** A new account's id. */
export async function newUser({ database, transact }: World): Promise<UserId> {
  const accounts = accountStorePostgres(database)
  const account = { email: newEmail(), passwordHash: 'hash', createdAt: start }
  const user = await transact((transaction) => accounts.insert(transaction, account))
  if (user === null) throw new Error('the address is taken')
  return user.id
}

/** A promise that a test keeps when it wants to. */
export const gate = () => Promise.withResolvers<void>()
