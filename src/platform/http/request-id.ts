import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/** The id of a request: the trace id of a valid `traceparent` (W3C Trace Context, level 1), else a new one like it, with 122 random bits. */
export function requestIdOf(message: Pick<IncomingMessage, 'headers'>): string {
  const header = message.headers.traceparent
  const given = typeof header === 'string' ? traceparent.exec(header)?.[1] : undefined
  return given ?? randomUUID().replaceAll('-', '')
}
