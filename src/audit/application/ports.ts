import type { UserId } from '../../kernel/ids.ts'
import type { Transaction } from '../../kernel/transact.ts'
import type { ChainedEvent, Seal } from '../domain/chain.ts'
import type { Checkpoint, SignedCheckpoint } from '../domain/checkpoint.ts'
import type { AuditEvent } from '../domain/event.ts'
import type { Link, Signed } from '../domain/inspection.ts'
import type { EventFilter, RecordedEvent } from '../domain/record.ts'

/** The record of what happened. What is on it stays, and the chain over it shows when it was tampered with. */
export interface Audit {
  /** In the deed's transaction: either both are there or neither. Several events are still one statement. */
  record(transaction: Transaction, events: AuditEvent | readonly AuditEvent[]): Promise<void>
  /** Outside of any transaction: resolves once it is on record. Those of the same moment share one statement. */
  note(event: AuditEvent): Promise<void>
  /**
   * As `note`, for what anybody can have happen over and over: what has the same key is on record once a minute. `whose`
   * looks up whom it concerns, and is asked only then.
   */
  noteOnce(key: string, event: AuditEvent, whose?: () => Promise<UserId | null>): Promise<void>
}

export interface EventStore {
  /** Inserts the events in their order, in one statement; with no transaction given that statement is one. */
  insert(transaction: Transaction | null, events: readonly AuditEvent[]): Promise<void>
  /**
   * Deletes the personal data of a user's events, some at a time; answers of how many, 0 when none are left. Who the
   * operator was stays.
   */
  eraseWhence(transaction: Transaction, userId: number): Promise<number>
}

export interface EventStretch {
  readonly events: readonly RecordedEvent[]
  /** Where the following call goes on; null where there is nothing more to find. */
  readonly next: string | null
}

/** The events for reading, in the order of their ids. */
export interface EventReader {
  /**
   * At most `count` events of those that the filter lets through: from behind the id `place` on, or from before it back.
   * One call looks at a bounded stretch of events.
   */
  stretch(filter: EventFilter, place: string, direction: 'on' | 'back', count: number): Promise<EventStretch>
  /** The events in the chain behind `position`, in its order; an empty place is left out. */
  chained(position: string, count: number): Promise<{ events: RecordedEvent[]; last: string }>
  /** The last position in the chain, and the lowest and the highest id on record; 0 where there is none. */
  extent(): Promise<{ position: string; lowest: string; highest: string }>
}

/** Where a chain ends: the last seal, and the last checkpoint. */
export interface ChainEnd {
  readonly head: Seal | null
  readonly checkpoint: SignedCheckpoint | null
}

export interface ChainStore {
  /** The end of the chain and whether anything waits for a place in it: one small statement. */
  look(): Promise<ChainEnd & { readonly waiting: boolean }>
  /** How many events wait for their place, no more than `atMost` of them counted, and since when the first does. */
  backlog(atMost: number): Promise<{ waiting: number; since: Date | null }>
  /** Has nobody else write to the chain until the transaction ends; false while somebody does, unless told to wait. */
  hold(transaction: Transaction, wait: boolean): Promise<boolean>
  end(transaction: Transaction): Promise<ChainEnd>
  sealAt(transaction: Transaction, position: number): Promise<Seal | null>
  /** Takes the oldest events that wait; null for one that is gone. */
  take(transaction: Transaction, count: number): Promise<{ eventId: string; event: ChainedEvent | null }[]>
  append(transaction: Transaction, seals: readonly Seal[]): Promise<void>
  insertCheckpoint(transaction: Transaction, checkpoint: SignedCheckpoint): Promise<void>
  /**
   * Deletes all that lies before `position`: seals, events, personal data and checkpoints. The database lets it, once the
   * newest checkpoint says that the chain begins there.
   */
  removeBefore(transaction: Transaction, position: number): Promise<void>
  /** The links after `position`, in their order. */
  links(transaction: Transaction, position: number, count: number): Promise<Link[]>
  /** The checkpoints at the positions after `from` up to `to`, in the order of their numbers. */
  checkpoints(transaction: Transaction, from: number, to: number): Promise<SignedCheckpoint[]>
  /** The number of the first checkpoint that does not lie before `position`. */
  firstCheckpointFrom(transaction: Transaction, position: number): Promise<number | null>
  /** The newest checkpoints, the newest first. */
  newestCheckpoints(transaction: Transaction, count: number): Promise<SignedCheckpoint[]>
}

/** What an inspection asks beside the chain. */
export interface ChainReader extends Pick<ChainStore, 'links' | 'checkpoints' | 'newestCheckpoints'> {
  /** Reads the state of one moment, whatever others write meanwhile. */
  snapshot<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** How many events wait for their place, and the first of those that wait and are gone. */
  waiting(transaction: Transaction): Promise<{ count: number; missing: string | null }>
  /** Whether the service never ran on this database: it has neither signing keys nor users. */
  isNew(transaction: Transaction): Promise<boolean>
  /** The first event that neither is in the chain nor waits for it. */
  firstStray(transaction: Transaction): Promise<string | null>
}

/** Signs checkpoints. */
export interface CheckpointSigner {
  /** Of the key that signs. */
  readonly keyId: string
  sign(checkpoint: Omit<Checkpoint, 'keyId'>): SignedCheckpoint
  check(checkpoint: SignedCheckpoint): Signed
}
