/** An event as it is on record, for reading. Ids and positions are whole numbers as text. */
export interface RecordedEvent {
  readonly id: string
  /** Its place in the chain; null while it waits for one. */
  readonly position: string | null
  readonly at: Date
  /** A kind of today or of another version. */
  readonly kind: string
  readonly userId: string | null
  readonly sessionId: string | null
  readonly subject: string | null
  readonly requestId: string | null
  /** Personal data; null where there are none, or they were erased. */
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Which events are wanted; of what is not given, all are. */
export interface EventFilter {
  readonly userId?: number
  readonly kind?: string
  readonly requestId?: string
  /** From then on, and before then. */
  readonly since?: Date
  readonly until?: Date
}
