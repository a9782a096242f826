import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import type { Digest } from '../domain/chain.ts'
import { microseconds, type SignedCheckpoint } from '../domain/checkpoint.ts'
import { beginning, inspect, type Link } from '../domain/inspection.ts'
import { describeVerdict } from '../domain/verdict.ts'
import type { ChainStore, CheckpointSigner, EventStore } from './ports.ts'

interface Deps {
  readonly chain: ChainStore
  readonly events: Pick<EventStore, 'insert'>
  readonly transact: Transact
  readonly clock: Clock
  readonly signer: CheckpointSigner
  readonly digest: Digest
  /** For how many seconds an event stays on record. */
  readonly retention: number
  readonly onCheckpoint: (checkpoint: SignedCheckpoint) => void
}

/** In events: a fraction of a second of work. */
const batch = 2000

/**
 * Deletes the events whose time is over, from the front of the chain alone, some at a time, each in a transaction of its
 * own. A signed checkpoint keeps the hash that the rest of the chain follows. What is not whole is not pruned away.
 * Answers how many were deleted.
 *
 * @throws Error when the rows that would go are not the ones that were sealed.
 */
export function pruneEvents({ chain, events, transact, clock, signer, digest, retention, onCheckpoint }: Deps) {
  async function pruneBatch(): Promise<number> {
    const now = clock()
    const pruned = await transact(async (transaction) => {
      if (!(await chain.hold(transaction, false))) return null
      const { head, checkpoint } = await chain.end(transaction)
      if (head === null || checkpoint === null) return null
      if (signer.check(checkpoint) !== 'good') throw new Error('The last audit checkpoint bears no good signature.')

      const start = beginning(checkpoint, checkpoint)
      const links = await chain.links(transaction, start.position, batch)
      const { progress, fault } = inspect({ digest, check: signer.check }, start, links, [])
      if (fault) throw new Error(`Nothing is pruned. ${describeVerdict({ kind: 'broken', ...fault })}`)
      const over = oldest(links, now.getTime() - retention * 1000, Math.min(head.position, checkpoint.position))
      const last = over.at(-1)
      if (!last) return null

      const fromPosition = last.position + 1
      await chain.removeBefore(transaction, fromPosition)
      const anchored = signer.sign({
        number: checkpoint.number + 1,
        position: head.position,
        hash: head.hash,
        fromNumber: (await chain.oldestCheckpoint(transaction)) ?? checkpoint.number,
        fromPosition,
        anchorHash: last.hash,
        at: microseconds(now),
      })
      await chain.insertCheckpoint(transaction, anchored)
      const subject = `positions ${start.position + 1} to ${last.position}`
      const nobody = { userId: null, sessionId: null, caller: null }
      await events.insert(transaction, [{ kind: 'audit_pruned', at: now, subject, ...nobody }])
      return { anchored, count: over.length, more: over.length === progress.events }
    })
    if (pruned === null) return 0
    onCheckpoint(pruned.anchored)
    return pruned.count + (pruned.more ? await pruneBatch() : 0)
  }
  return pruneBatch
}

/** The links at the front that are older than `deadline`, in milliseconds, and before the position `end`. */
function oldest(links: readonly Link[], deadline: number, end: number): readonly Link[] {
  const stays = links.findIndex(({ event, position }) => position >= end || Number(event?.at) / 1000 >= deadline)
  return stays === -1 ? links : links.slice(0, stays)
}
