import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

/** The id of a request: the trace id of a valid `traceparent` (W3C Trace Context, level 1), else a new one like it, of 128 random bits. */
export function requestIdOf(message: Pick<IncomingMessage, 'headers'>): string {
  const header = message.headers.traceparent
  const given = typeof header === 'string' ? traceparent.exec(header)?.[1] : undefined
  return given ?? newId()
}

/** In hexadecimal digits. */
const idLength = 32
const idsInStock = 256
/** Random digits for many ids, since to ask for them and to write them out costs more than they do. */
let stock = ''
let used = 0

function newId(): string {
  if (used === stock.length) {
    stock = randomBytes((idsInStock * idLength) / 2).toString('hex')
    used = 0
  }
  used += idLength
  return stock.slice(used - idLength, used)
}
