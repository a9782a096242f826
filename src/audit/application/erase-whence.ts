import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { EventStore } from './ports.ts'

interface Deps {
  readonly events: EventStore
  readonly transact: Transact
  readonly clock: Clock
}

/**
 * Erases the personal data of a user's events: the addresses and user agents. What happened stays on record, and the
 * chain stays whole, for it covers a digest alone. Answers of how many events.
 */
export const eraseWhence =
  ({ events, transact, clock }: Deps) =>
  async (userId: UserId, operator: Caller | null = null): Promise<number> => {
    const event = { kind: 'audit_erased', at: clock(), userId, sessionId: null, caller: operator } as const
    let erased = 0
    for (let last = 1; last > 0; erased += last) {
      const isFirst = erased === 0
      last = await transact(async (transaction) => {
        const count = await events.eraseWhence(transaction, userId)
        if (count > 0 && isFirst) await events.insert(transaction, [event])
        return count
      })
    }
    return erased
  }
