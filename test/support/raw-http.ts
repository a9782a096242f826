import { connect } from 'node:net'
import type { Answer } from './service.ts'

/** What came back for bytes that no HTTP client would send. */
export interface RawAnswers {
  readonly answers: readonly Answer[]
  /** Whether the service closed the connection; else it was given up after `patience`. */
  readonly closed: boolean
}

/** How long a connection is watched that the service leaves open, in milliseconds. */
const patience = 5_000

/**
 * Writes `request` (text is Latin-1, one byte a character) to a new connection and reads what comes back until the
 * service closes it or `expected` answers are there.
 */
export async function sendRaw(url: string, request: string | Uint8Array, expected = 1): Promise<RawAnswers> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  let answers: Answer[] = []
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), patience)
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    answers = readAnswers(Buffer.concat(chunks))
    // One tick more, in which the end of the connection may still arrive.
    if (answers.length >= expected) setTimeout(() => resolve(socket.readableEnded || socket.closed), 20)
  })
  // A refusal may overtake what is still being written; what has come back counts.
  socket.on('error', () => {})
  socket.on('close', () => resolve(true))
  socket.write(typeof request === 'string' ? Buffer.from(request, 'latin1') : request)
  const closed = await promise
  clearTimeout(timer)
  socket.destroy()
  return { answers, closed }
}

/** A request in HTTP/1.1 with the headers as they are written, and no others. */
export const rawRequest = (line: string, headers: readonly string[] = [], body = ''): string =>
  `${line} HTTP/1.1\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n${body}`

function readAnswers(bytes: Buffer): Answer[] {
  const found: Answer[] = []
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf('\r\n\r\n', from)
    if (end < 0) break
    const [first = '', ...lines] = bytes.toString('latin1', from, end).split('\r\n')
    const headers = new Headers(lines.map((line): [string, string] => splitHeader(line)))
    const status = Number(first.split(' ')[1])
    const text = bytes.toString('utf8', end + 4, end + 4 + Number(headers.get('content-length') ?? 0))
    from = end + 4 + Buffer.byteLength(text)
    const isJson = /json/.test(headers.get('content-type') ?? '')
    // The answer to HEAD announces a body that never comes.
    found.push({ status, headers, text, body: isJson && text.endsWith('}') ? JSON.parse(text) : text })
  }
  return found
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
