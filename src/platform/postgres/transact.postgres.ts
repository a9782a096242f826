import { setTimeout as delay } from 'node:timers/promises'
import type { Transact, Transaction } from '../../kernel/transact.ts'
import { isRetryable } from './faults.ts'
import type { Database, DatabaseTransaction } from './tables.ts'

const retries = 3

/** Does `work`, one statement or one transaction, again after a deadlock or a serialisation failure: at most three times. */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === retries || !isRetryable(error)) throw error
      await delay(Math.random() * 10 * 2 ** attempt)
    }
  }
}

/** Transactions of PostgreSQL; a deadlock or a serialisation failure is tried again at most three times, with jitter. */
export const transactPostgres =
  (database: Database): Transact =>
  (work) =>
    retried(() => database.transaction().execute((opened) => work(opened as unknown as Transaction)))

/** The transaction as the stores see it. What a use case hands around is the same object without its methods. */
export const opened = (transaction: Transaction): DatabaseTransaction => transaction as unknown as DatabaseTransaction
