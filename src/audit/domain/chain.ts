/** SHA-256 over the parts, one after the other. */
export type Digest = (...parts: readonly (string | Uint8Array)[]) => Buffer

/** An event as the chain covers it: text and nothing else, so that two that differ anywhere differ here. */
export interface ChainedEvent {
  readonly id: string
  /** Whole microseconds since 1970, which is all that the database keeps. */
  readonly at: string
  readonly kind: string
  readonly userId: string | null
  readonly sessionId: string | null
  readonly subject: string | null
  readonly requestId: string | null
  /** In hexadecimal digits. */
  readonly whenceDigest: string | null
}

/** Personal data of an event, as long as they are kept. */
export interface Whence {
  readonly ip: string | null
  readonly userAgent: string | null
  readonly salt: Buffer
}

/** The place of an event in the chain, and the hash over all that came before it and the event itself. */
export interface Seal {
  readonly position: number
  readonly eventId: string
  readonly hash: Buffer
}

/** What the first event follows. */
export const genesis: Readonly<Pick<Seal, 'position' | 'hash'>> = { position: 0, hash: Buffer.alloc(32) }

const version = 'latchkey-audit-1'

/**
 * The seal of the event that comes next. One whose event was gone before it was sealed keeps its place, empty: a gap is
 * on record too.
 */
export function sealNext(
  digest: Digest,
  previous: Pick<Seal, 'position' | 'hash'>,
  eventId: string,
  event: ChainedEvent | null,
): Seal {
  const position = previous.position + 1
  const fields = event && [
    event.at,
    event.kind,
    event.userId,
    event.sessionId,
    event.subject,
    event.requestId,
    event.whenceDigest,
  ]
  // A JSON list of text, numbers and null has one spelling, and no field can run over into the next.
  return { position, eventId, hash: digest(previous.hash, JSON.stringify([version, position, eventId, fields])) }
}

/**
 * What an event keeps of whence it came. The salt goes with the personal data: without it nobody can find an address
 * out by trying all of them.
 */
export const whenceDigest = (digest: Digest, { ip, userAgent, salt }: Whence): string =>
  digest(salt, JSON.stringify([ip, userAgent])).toString('hex')
