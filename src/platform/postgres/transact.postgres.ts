import { setTimeout as delay } from 'node:timers/promises'
import type { Transact, Transaction } from '../../kernel/transact.ts'
import { isRetryable } from './faults.ts'
import type { Database, DatabaseTransaction } from './tables.ts'

const retries = 3

/** Transactions of PostgreSQL; a deadlock or a serialisation failure is tried again at most three times, with jitter. */
export const transactPostgres =
  (database: Database): Transact =>
  async (work) => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await database.transaction().execute((opened) => work(opened as unknown as Transaction))
      } catch (error) {
        if (attempt === retries || !isRetryable(error)) throw error
        await delay(Math.random() * 10 * 2 ** attempt)
      }
    }
  }

/** The transaction as the stores see it. What a use case hands around is the same object without its methods. */
export const opened = (transaction: Transaction): DatabaseTransaction => transaction as unknown as DatabaseTransaction
