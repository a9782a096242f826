import assert from 'node:assert/strict'
import type { Audit } from '../../src/audit/index.ts'
import type { Transact, Transaction } from '../../src/kernel/transact.ts'

/**
 * What a use case did, in order: where its transaction began and ended, what it asked of its ports, and what it told
 * the audit. Each double of a port is written by its own test and adds its lines with `did`.
 */
export interface Transcript {
  readonly lines: unknown[]
  readonly transact: Transact
  /** Adds `['recorded', event]` for each, and fails outside of the transaction; or `['noted', event]`, which needs none. */
  readonly audit: Audit
  did(...line: unknown[]): void
  /** The same for what belongs into the transaction. */
  didWithin(transaction: Transaction, ...line: unknown[]): void
}

export function transcript(): Transcript {
  const lines: unknown[] = []
  const open = new Set<Transaction>()
  const did = (...line: unknown[]) => void lines.push(line)
  const didWithin = (transaction: Transaction, ...line: unknown[]) => {
    assert.ok(open.has(transaction), `${line[0]} outside of the transaction`)
    did(...line)
  }
  return {
    lines,
    did,
    didWithin,
    async transact(work) {
      const transaction = {} as Transaction
      open.add(transaction)
      lines.push('begin')
      try {
        const outcome = await work(transaction)
        lines.push('commit')
        return outcome
      } catch (error) {
        lines.push('rollback')
        throw error
      } finally {
        open.delete(transaction)
      }
    },
    audit: {
      async record(transaction, events) {
        for (const event of [events].flat()) didWithin(transaction, 'recorded', event)
      },
      note: async (event) => did('noted', event),
      noteOnce: async (key, event) => did('noted once', key, event),
    },
  }
}
