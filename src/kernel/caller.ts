/** Whence a request comes, as the transport saw it; kept with sessions and audit events. */
export interface Caller {
  /** The canonical text of the client's address, or null where there is none. */
  readonly ip: string | null
  readonly userAgent: string | null
  /** The trace id of the request (W3C Trace Context), 32 hexadecimal digits. */
  readonly requestId: string
  /** Aborted when the client hangs up before it was answered: nobody wants the rest of the work. */
  readonly gone?: AbortSignal
}
