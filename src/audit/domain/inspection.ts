import { type ChainedEvent, type Digest, type Seal, sealNext, type Whence, whenceDigest } from './chain.ts'
import type { Checkpoint, SignedCheckpoint } from './checkpoint.ts'

/** A seal with what it seals, as both are found. */
export interface Link extends Seal {
  readonly event: ChainedEvent | null
  readonly whence: Whence | null
}

/** What is wrong, in words that follow the place. */
export const faults = {
  altered: 'the event or its place was altered',
  whence_altered: 'whence the event came was altered',
  missing: 'the event is missing',
  seal_missing: 'the row is missing',
  inserted: 'the event has no place in the chain and waits for none: it was inserted',
  waiting_missing: 'the event is missing that waits for its place in the chain',
  truncated: 'the chain ends before its last checkpoint: it was truncated',
  rewritten: 'the chain is another one than was signed: rows before this place were rewritten',
  checkpoint_signature: 'the checkpoint bears no good signature: it was altered',
  checkpoint_missing: 'the checkpoint is missing',
  nothing: 'nothing is on record of a service that was in use: all of it was removed',
  checkpoint_forged: 'the checkpoint that was given bears no good signature of this service',
} as const

/** The first thing that is wrong, and where. */
export interface Fault {
  readonly what: keyof typeof faults
  readonly position?: number
  readonly eventId?: string
  readonly checkpoint?: number
}

/** How far an inspection has come, and what it has met. */
export interface Progress extends Pick<Seal, 'position' | 'hash'> {
  readonly events: number
  /** Events whose personal data were erased. */
  readonly erased: number
  /** The number that the next checkpoint must bear; null where none is known. */
  readonly nextCheckpoint: number | null
  /** The position of the last checkpoint whose signature is good. */
  readonly signed: number
  /** Checkpoints under a key that is no longer known; the newest, under a known one, covers what they covered. */
  readonly unknownKeys: number
}

export type Signed = 'good' | 'bad' | 'unknown'

interface Tools {
  readonly digest: Digest
  /** Whether an event may be missing that was so before it was sealed: the hash over its empty place must fit. */
  readonly passesGaps?: boolean
  readonly check: (checkpoint: SignedCheckpoint) => Signed
}

/**
 * Goes over the links that follow `progress`, each with the checkpoints at its position, up to the first fault. Nothing
 * is believed but the hash that the chain has come to.
 */
export function inspect(
  tools: Tools,
  progress: Progress,
  links: readonly Link[],
  checkpoints: readonly SignedCheckpoint[],
): { progress: Progress; fault: Fault | null } {
  const signed = Map.groupBy(checkpoints, (checkpoint) => checkpoint.position)
  let at = progress
  for (const link of links) {
    const fault = faultOf(tools, at, link)
    if (fault) return { progress: at, fault }
    const erased = link.event?.whenceDigest != null && link.whence === null ? 1 : 0
    at = { ...at, position: link.position, hash: link.hash, events: at.events + 1, erased: at.erased + erased }
    for (const checkpoint of signed.get(link.position) ?? []) {
      const passed = pass(tools, at, checkpoint)
      if ('what' in passed) return { progress: at, fault: passed }
      at = passed
    }
  }
  return { progress: at, fault: null }
}

function faultOf({ digest, passesGaps = false }: Tools, previous: Progress, link: Link): Fault | null {
  const position = previous.position + 1
  if (link.position !== position) return { what: 'seal_missing', position }
  const { eventId, event, whence } = link
  const fits = sealNext(digest, previous, eventId, event).hash.equals(link.hash)
  if (event === null) return fits && passesGaps ? null : { what: 'missing', position, eventId }
  if (!fits) return { what: 'altered', position, eventId }
  const kept = whence === null ? event.whenceDigest : whenceDigest(digest, whence)
  return kept === event.whenceDigest ? null : { what: 'whence_altered', position, eventId }
}

function pass({ check }: Tools, at: Progress, checkpoint: SignedCheckpoint): Progress | Fault {
  const { number, position } = checkpoint
  if (at.nextCheckpoint !== null && number !== at.nextCheckpoint) {
    return { what: 'checkpoint_missing', position, checkpoint: at.nextCheckpoint }
  }
  const signature = check(checkpoint)
  if (signature === 'bad') return { what: 'checkpoint_signature', position, checkpoint: number }
  // While a key is replaced, processes sign under both in turn: one that is forgotten may stand anywhere.
  if (!checkpoint.hash.equals(at.hash)) return { what: 'rewritten', position, checkpoint: number }
  const unknownKeys = at.unknownKeys + (signature === 'unknown' ? 1 : 0)
  return { ...at, nextCheckpoint: number + 1, unknownKeys, signed: signature === 'good' ? position : at.signed }
}

/** Where an inspection begins: at what the newest good checkpoint says, or at the very beginning where there is none. */
export const beginning = (newest: Checkpoint | null, genesis: Pick<Seal, 'position' | 'hash'>): Progress => ({
  position: newest === null ? genesis.position : newest.fromPosition - 1,
  hash: newest === null ? genesis.hash : newest.anchorHash,
  events: 0,
  erased: 0,
  nextCheckpoint: newest?.fromNumber ?? null,
  signed: 0,
  unknownKeys: 0,
})
