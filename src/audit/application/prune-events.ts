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
 * @throws Error when the rows that would go are not the ones that were sealed. An event that was gone before that is
 * none of them: its place is known to be empty.
 */
export function pruneEvents({ chain, events, transact, clock, signer, digest, retention, onCheckpoint }: Deps) {
  return async (): Promise<number> => {
    for (let count = 0; ; ) {
      const pruned = await pruneBatch()
      if (pruned === null) return count
      onCheckpoint(pruned.anchored)
      count += pruned.count
      if (!pruned.more) return count
    }
  }

  /** Answers null where nothing is over. */
  function pruneBatch() {
    const now = clock()
    return transact(async (transaction) => {
      // Whoever seals is soon done.
      await chain.hold(transaction, true)
      const { head, checkpoint } = await chain.end(transaction)
      if (head === null || checkpoint === null) return null
      if (signer.check(checkpoint) !== 'good') throw new Error('The last audit checkpoint bears no good signature.')

      const start = beginning(checkpoint, checkpoint)
      const links = await chain.links(transaction, start.position, batch)
      const { fault } = inspect({ digest, check: signer.check, passesGaps: true }, start, links, [])
      if (fault) throw new Error(`Nothing is pruned. ${describeVerdict({ kind: 'broken', ...fault })}`)
      const over = oldest(links, now.getTime() - retention * 1000, Math.min(head.position, checkpoint.position))
      const last = over.at(-1)
      if (!last) return null

      const fromPosition = last.position + 1
      const anchored = signer.sign({
        number: checkpoint.number + 1,
        position: head.position,
        hash: head.hash,
        fromNumber: (await chain.firstCheckpointFrom(transaction, fromPosition)) ?? checkpoint.number,
        fromPosition,
        anchorHash: last.hash,
        at: microseconds(now),
      })
      await chain.insertCheckpoint(transaction, anchored)
      await chain.removeBefore(transaction, fromPosition)
      const missing = over.filter(({ event }) => event === null).length
      const subject = `positions ${start.position + 1} to ${last.position}${missing > 0 ? `, ${missing} of them missing` : ''}`
      const nobody = { userId: null, sessionId: null, caller: null }
      await events.insert(transaction, [{ kind: 'audit_pruned', at: now, subject, ...nobody }])
      return { anchored, count: over.length, more: over.length === links.length }
    })
  }
}

/**
 * The links at the front that are older than `deadline`, in milliseconds, and before the position `end`. An empty place
 * has no age: it goes with one behind it.
 */
function oldest(links: readonly Link[], deadline: number, end: number): readonly Link[] {
  const stays = links.findIndex(({ event, position }) => position >= end || Number(event?.at) / 1000 >= deadline)
  // A batch without an end among it may hold empty places alone.
  if (stays === -1) return links
  return links.slice(0, links.slice(0, stays).findLastIndex(({ event }) => event !== null) + 1)
}
