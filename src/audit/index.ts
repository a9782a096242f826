import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Transact } from '../kernel/transact.ts'
import type { Log } from '../platform/log.ts'
import type { Database } from '../platform/postgres/tables.ts'
import { dampNotes } from './application/damp-notes.ts'
import { eraseWhence } from './application/erase-whence.ts'
import { noteEvents } from './application/note-events.ts'
import type { Audit } from './application/ports.ts'
import { pruneEvents } from './application/prune-events.ts'
import { readEvents } from './application/read-events.ts'
import { sealEvents } from './application/seal-events.ts'
import { verifyChain } from './application/verify-chain.ts'
import { type SignedCheckpoint, textOf } from './domain/checkpoint.ts'
import { describeVerdict } from './domain/verdict.ts'
import { chainReaderPostgres } from './infrastructure/chain-reader.postgres.ts'
import { chainStorePostgres } from './infrastructure/chain-store.postgres.ts'
import { cryptoCheckpointSigner } from './infrastructure/checkpoint-signer.crypto.ts'
import { sha256 as digest } from './infrastructure/digest.crypto.ts'
import { eventReaderPostgres } from './infrastructure/event-reader.postgres.ts'
import { eventStorePostgres } from './infrastructure/event-store.postgres.ts'

export type { Audit } from './application/ports.ts'
export type { AuditEvent, AuditKind } from './domain/event.ts'
export type { EventFilter, RecordedEvent } from './domain/record.ts'

interface Deps {
  readonly database: Database
  readonly transact: Transact
  readonly clock: Clock
  readonly log: Log
  /** The seed, of 32 bytes, of the key that signs checkpoints; and the one before it, if it changed. */
  readonly seed: Secret<Buffer>
  readonly previousSeed: Secret<Buffer> | null
  /** For how many seconds events stay on record. */
  readonly retention: number
}

/** Of events that wait: a count beyond it says no more. */
const mostCounted = 100_000

/** The feature: the record for the others, and the work that chains, signs, checks and prunes it. */
export function createAudit({ database, transact, clock, log, seed, previousSeed, retention }: Deps) {
  const events = eventStorePostgres(database)
  const chain = chainStorePostgres(database)
  const signer = cryptoCheckpointSigner(seed, previousSeed)
  // In the log a copy stands outside of the database: with it `audit verify` tells that the end was cut off.
  const onCheckpoint = (checkpoint: SignedCheckpoint) =>
    log.info({ checkpoint: textOf(checkpoint) }, 'the audit log is signed')
  const onMissing = (event: string) => log.error({ event }, 'an audit event was deleted before it was sealed')
  const { note, settle } = noteEvents({ events })
  const seal = sealEvents({ chain, transact, clock, signer, digest, onCheckpoint, onMissing })
  const verify = verifyChain({ chain: chainReaderPostgres(database, chain), signer, digest })
  const audit: Audit = {
    record: (transaction, given) => events.insert(transaction, Array.isArray(given) ? given : [given]),
    note,
    noteOnce: dampNotes({ note }),
  }

  return {
    audit,
    /** Of the key that signs, which follows from the service's secret key. */
    keyId: signer.keyId,
    seal,
    prune: pruneEvents({ chain, events, transact, clock, signer, digest, retention, onCheckpoint }),
    /** What is on record, for reading. */
    read: readEvents({
      reader: eventReaderPostgres(database),
      pause: (milliseconds, signal) => pause(milliseconds, undefined, { signal }),
    }),
    erase: eraseWhence({ events, transact, clock }),
    /** Whether the chain is whole, and the sentences that say so or name the first row that is not. */
    async verify(
      checkpoint?: string,
      onProgress?: (events: number) => void,
    ): Promise<{ intact: boolean; text: string }> {
      const verdict = await verify(checkpoint, onProgress)
      return { intact: verdict.kind === 'intact', text: describeVerdict(verdict) }
    },
    /** How many events have no place in the chain yet, and for how many seconds the oldest of them has waited. */
    async lag(): Promise<{ unsealed: number; oldest: number }> {
      const { waiting, since } = await chain.backlog(mostCounted)
      return { unsealed: waiting, oldest: since ? Math.max(0, (clock().getTime() - since.getTime()) / 1000) : 0 }
    },
    /** Resolves once all that was noted is on record. */
    settle,
    /** Seals and signs what there is. What can't be now is so at the next start: it is on record already. */
    async close(): Promise<void> {
      await settle()
      await seal({ final: true }).catch((err) => log.error({ err }, 'the audit log could not be sealed at the end'))
    },
  }
}
