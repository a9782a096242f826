import type { Transaction } from '../../kernel/transact.ts'
import { type Digest, genesis } from '../domain/chain.ts'
import { checkpointEvery, parseCheckpoint, type SignedCheckpoint } from '../domain/checkpoint.ts'
import { beginning, type Fault, inspect, type Progress } from '../domain/inspection.ts'
import type { Verdict } from '../domain/verdict.ts'
import type { ChainReader, CheckpointSigner } from './ports.ts'

interface Deps {
  readonly chain: ChainReader
  readonly signer: Pick<CheckpointSigner, 'check'>
  readonly digest: Digest
}

/** In links: some hundred kilobytes at a time, whatever the length of the chain. */
const batch = 1000

/**
 * Goes over the whole chain as it is at one moment and computes everything anew.
 *
 * @param given a checkpoint that was kept outside of the database, as the log bears it: it shows also when the end of
 * the chain was cut off together with the checkpoints that spoke of it.
 * @param onProgress told how many events were gone over.
 */
export const verifyChain =
  ({ chain, signer, digest }: Deps) =>
  (given: string | null = null, onProgress: (events: number) => void = () => undefined): Promise<Verdict> => {
    const kept = given === null ? null : parseCheckpoint(given)
    const signature = kept && signer.check(kept)
    if (signature === 'unknown') return Promise.resolve({ kind: 'unverified' })
    if (given !== null && signature !== 'good') return Promise.resolve({ kind: 'broken', what: 'checkpoint_forged' })
    return chain.snapshot(async (transaction): Promise<Verdict> => {
      const newest = await chain.newestCheckpoints(transaction, batch)
      const start = beginning(newest.find((one) => signer.check(one) === 'good') ?? null, genesis)
      const { progress, fault } = await goOver(transaction, start, kept)
      const wrong = fault ?? wrongAtTheEnd(progress, newest[0] ?? null, kept)
      if (wrong) return { kind: 'broken', ...wrong }
      // What neither is in the chain nor waits for it, and what waits and is gone.
      const { count, missing } = await chain.waiting(transaction)
      if (missing !== null) return { kind: 'broken', what: 'waiting_missing', eventId: missing }
      const stray = await chain.firstStray(transaction)
      if (stray !== null) return { kind: 'broken', what: 'inserted', eventId: stray }
      // A start is on record before anything is served.
      const isEmpty = progress.events + count === 0 && newest.length === 0
      if (isEmpty && !(await chain.isNew(transaction))) return { kind: 'broken', what: 'nothing' }
      return {
        kind: 'intact',
        events: progress.events,
        first: start.position + 1,
        last: progress.position,
        unsealed: count,
        unsigned: progress.position - Math.max(progress.signed, start.position),
        erased: progress.erased,
        checkpoints: newest[0] ? newest[0].number - newest[0].fromNumber + 1 : 0,
        unknownKeys: progress.unknownKeys,
        givenIsPruned: kept !== null && kept.position <= start.position,
      }
    })

    async function goOver(transaction: Transaction, start: Progress, kept: SignedCheckpoint | null) {
      for (let at = start; ; ) {
        const links = await chain.links(transaction, at.position, batch)
        const last = links.at(-1)
        if (!last) return { progress: at, fault: null }
        const stored = await chain.checkpoints(transaction, at.position, last.position)
        const { progress, fault } = inspect({ digest, check: signer.check }, at, links, stored)
        const kin = links.find((link) => link.position === kept?.position)
        if (fault) return { progress, fault }
        if (kept && kin && !kin.hash.equals(kept.hash)) {
          return { progress, fault: { what: 'rewritten', position: kept.position } satisfies Fault }
        }
        at = progress
        onProgress(progress.events)
      }
    }

    /** What shows only once the end of the chain is known. */
    function wrongAtTheEnd(
      end: Progress,
      newest: SignedCheckpoint | null,
      kept: SignedCheckpoint | null,
    ): Fault | null {
      const position = end.position + 1
      if (newest && signer.check(newest) !== 'good') return { what: 'checkpoint_signature', checkpoint: newest.number }
      if (newest && newest.position > end.position) return { what: 'truncated', position, checkpoint: newest.number }
      if (kept && kept.position > end.position) return { what: 'truncated', position, checkpoint: kept.number }
      const next = (newest?.number ?? 0) + 1
      if (kept && kept.number >= next) return { what: 'checkpoint_missing', checkpoint: next }
      // So many events are never without one: each batch of seals brings its own where one is due.
      if (end.position - (newest?.position ?? 0) >= checkpointEvery.events) {
        return { what: 'checkpoint_missing', position: end.position, checkpoint: next }
      }
      return null
    }
  }
