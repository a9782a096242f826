declare const brand: unique symbol

/** Proof that a transaction is open. A store's method that takes one can't be called outside of it. */
export interface Transaction {
  readonly [brand]: 'Transaction'
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws.
 *
 * An outcome whose writes must survive is returned, never thrown. `work` may run again after a serialisation failure
 * or a deadlock, so it touches nothing but the database.
 */
export type Transact = <T>(work: (transaction: Transaction) => Promise<T>) => Promise<T>
