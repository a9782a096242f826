import type { Clock } from '../../kernel/clock.ts'
import type { Transact } from '../../kernel/transact.ts'
import { type Digest, genesis, type Seal, sealNext } from '../domain/chain.ts'
import { isCheckpointDue, microseconds, type SignedCheckpoint } from '../domain/checkpoint.ts'
import type { ChainEnd, ChainStore, CheckpointSigner } from './ports.ts'

interface Deps {
  readonly chain: ChainStore
  readonly transact: Transact
  readonly clock: Clock
  readonly signer: CheckpointSigner
  readonly digest: Digest
  /** Told of each checkpoint once it is on record. */
  readonly onCheckpoint: (checkpoint: SignedCheckpoint) => void
  /** Told of an event that was deleted before it had its place. */
  readonly onMissing: (eventId: string) => void
}

/** In events; and how many batches one run does, so that the end of the process does not wait for a long backlog. */
const batch = 500
const batches = 40

/**
 * Gives the events that are committed their places in the chain, and signs the chain when that is due. It comes after
 * the events and apart from them, so that no transaction waits for another's place. Of any number of processes one
 * does it at a time.
 *
 * What this process wrote itself it remembers: a chain that has lost it is not gone on with.
 *
 * @throws Error when the chain is not the one that this process, or the last checkpoint, knows, and when that one bears
 * no good signature: what the next says of where the chain begins, it takes over.
 */
export function sealEvents({ chain, transact, clock, signer, digest, onCheckpoint, onMissing }: Deps) {
  let known: ChainEnd = { head: null, checkpoint: null }

  /** @param final signs what is not signed yet, and waits for a process that is at it. */
  return async ({ final = false } = {}): Promise<void> => {
    const seen = await chain.look()
    refuseLoss(seen, known)
    const due = () => isCheckpointDue(seen.head?.position ?? 0, seen.checkpoint, clock(), final)
    if (!seen.waiting && !due()) return
    for (let count = 0; count < batches && (await sealBatch(final)); count++);
  }

  function refuseForged(checkpoint: SignedCheckpoint | null): void {
    if (checkpoint === null || signer.check(checkpoint) === 'good') return
    throw new Error(
      `The last audit checkpoint ${checkpoint.number} bears no good signature: run "audit verify". Nothing is sealed.`,
    )
  }

  /** Answers whether there may be more to do. */
  async function sealBatch(final: boolean): Promise<boolean> {
    const done = await transact(async (transaction) => {
      if (!(await chain.hold(transaction, final))) return null
      const end = await chain.end(transaction)
      refuseLoss(end, known)
      refuseForged(end.checkpoint)
      // A row that was pruned since is behind the anchor that the checkpoint bears.
      const pruned = known.head && end.checkpoint && known.head.position < end.checkpoint.fromPosition
      if (known.head && !pruned) refuseOther(await chain.sealAt(transaction, known.head.position), known.head)

      const taken = await chain.take(transaction, batch)
      const seals: Seal[] = []
      let head: Pick<Seal, 'position' | 'hash'> = end.head ?? genesis
      for (const { eventId, event } of taken) {
        const seal = sealNext(digest, head, eventId, event)
        seals.push(seal)
        head = seal
      }
      await chain.append(transaction, seals)
      const missing = taken.filter(({ event }) => event === null).map(({ eventId }) => eventId)
      const more = taken.length === batch
      const now = clock()
      const checkpoint = isCheckpointDue(head.position, end.checkpoint, now, final && !more)
        ? signer.sign({
            number: (end.checkpoint?.number ?? 0) + 1,
            position: head.position,
            hash: head.hash,
            fromNumber: end.checkpoint?.fromNumber ?? 1,
            fromPosition: end.checkpoint?.fromPosition ?? 1,
            anchorHash: end.checkpoint?.anchorHash ?? genesis.hash,
            at: microseconds(now),
          })
        : null
      if (checkpoint) await chain.insertCheckpoint(transaction, checkpoint)
      const newEnd = { head: seals.at(-1) ?? end.head, checkpoint: checkpoint ?? end.checkpoint }
      return { missing, more, checkpoint, newEnd }
    })
    if (done === null) return false
    known = done.newEnd
    for (const eventId of done.missing) onMissing(eventId)
    if (done.checkpoint) onCheckpoint(done.checkpoint)
    return done.more
  }
}

function refuseLoss({ head, checkpoint }: ChainEnd, known: ChainEnd): void {
  const position = head?.position ?? 0
  const lost = (what: string) => new Error(`The audit chain has lost ${what}: run "audit verify". Nothing is sealed.`)
  if (position < (known.head?.position ?? 0)) throw lost(`positions ${position + 1} to ${known.head?.position}`)
  if (position < (checkpoint?.position ?? 0)) throw lost(`positions ${position + 1} to ${checkpoint?.position}`)
  if ((checkpoint?.number ?? 0) < (known.checkpoint?.number ?? 0)) throw lost(`checkpoint ${known.checkpoint?.number}`)
}

function refuseOther(found: Seal | null, written: Seal): void {
  if (found?.hash.equals(written.hash)) return
  throw new Error(
    `The audit chain was rewritten at position ${written.position}: run "audit verify". Nothing is sealed.`,
  )
}
