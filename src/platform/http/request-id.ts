import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/** The id of a request: the trace id of a valid `traceparent` (W3C Trace Context, level 1), else a new one like it, of 128 random bits. */
export function requestIdOf(message: Pick<IncomingMessage, 'headers'>): string {
  const header = message.headers.traceparent
  const given = typeof header === 'string' ? traceparent.exec(header)?.[1] : undefined
  return given ?? newId()
}

const idBytes = 16
/** Random bytes for many ids, since to ask for them costs more than they do. */
const stock = Buffer.alloc(256 * idBytes)
let used = stock.length

function newId(): string {
  if (used === stock.length) {
    randomFillSync(stock)
    used = 0
  }
  used += idBytes
  return stock.toString('hex', used - idBytes, used)
}
