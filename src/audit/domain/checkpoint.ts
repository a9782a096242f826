/** A statement on the whole chain, which its signature makes binding. */
export interface Checkpoint {
  /** Counts the checkpoints, without a gap. */
  readonly number: number
  /** How far the chain goes, and its hash there. */
  readonly position: number
  readonly hash: Buffer
  /** The oldest checkpoint that is kept, and the oldest position; and the hash that the latter follows. */
  readonly fromNumber: number
  readonly fromPosition: number
  readonly anchorHash: Buffer
  /** Whole microseconds since 1970. */
  readonly at: string
  readonly keyId: string
}

export interface SignedCheckpoint extends Checkpoint {
  readonly signature: Buffer
}

/** When a checkpoint is due: after so many events, or so many seconds after the last one if there is anything new. */
export const checkpointEvery = { events: 1000, seconds: 60 }

/** Whether a chain that ends at `head` is to be signed at `now`; `latest` is what was signed last. */
export function isCheckpointDue(
  head: number,
  latest: Pick<Checkpoint, 'position' | 'at'> | null,
  now: Date,
  final: boolean,
): boolean {
  if (latest === null) return head > 0
  if (head <= latest.position) return false
  const age = now.getTime() - Number(latest.at) / 1000
  return final || head - latest.position >= checkpointEvery.events || age >= checkpointEvery.seconds * 1000
}

/** A moment as checkpoints and events bear it. */
export const microseconds = (moment: Date): string => `${moment.getTime()}000`

const version = 'latchkey-audit-1'

/** What is signed: every field in one canonical line, with nothing in it that needs quoting. */
export const statementOf = (checkpoint: Checkpoint): string =>
  [
    version,
    checkpoint.number,
    checkpoint.position,
    checkpoint.hash.toString('base64url'),
    checkpoint.fromNumber,
    checkpoint.fromPosition,
    checkpoint.anchorHash.toString('base64url'),
    checkpoint.at,
    checkpoint.keyId,
  ].join('.')

/** A checkpoint in one line, to be kept outside of the database. */
export const textOf = (checkpoint: SignedCheckpoint): string =>
  `${statementOf(checkpoint)}.${checkpoint.signature.toString('base64url')}`

/** Reads such a line, in its canonical form alone; null for anything else. */
export function parseCheckpoint(text: string): SignedCheckpoint | null {
  const [, number, position, hash = '', fromNumber, fromPosition, anchor = '', at = '', keyId = '', signature = ''] =
    text.split('.')
  const checkpoint = {
    number: Number(number),
    position: Number(position),
    hash: Buffer.from(hash, 'base64url'),
    fromNumber: Number(fromNumber),
    fromPosition: Number(fromPosition),
    anchorHash: Buffer.from(anchor, 'base64url'),
    at,
    keyId,
    signature: Buffer.from(signature, 'base64url'),
  }
  return textOf(checkpoint) === text ? checkpoint : null
}
