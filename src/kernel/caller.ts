/**
 * Whence a request comes, as the transport saw it; kept with sessions and audit events. For a command of an operator it
 * is who runs it, in the place of a user agent.
 */
export interface Caller {
  /** The canonical text of the client's address, or null where there is none. */
  readonly ip: string | null
  readonly userAgent: string | null
  /** The trace id of the request (W3C Trace Context), 32 hexadecimal digits; of a command an id of its own. */
  readonly requestId: string
  /** Aborted when the client hangs up before it was answered: nobody wants the rest of the work. */
  readonly gone?: AbortSignal
}
