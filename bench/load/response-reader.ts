import type { Answer } from '../adapter.ts'

const endOfHead = Buffer.from('\r\n\r\n')

/**
 * Reads the answers of one connection (RFC 9112): those with a length, chunked ones, and those that have no body. As
 * little as a load generator needs, since it shares its core with the database; what it can't read throws.
 */
export function responseReader(onAnswer: (answer: Answer) => void): (chunk: Buffer) => void {
  let rest: Buffer | null = null

  return (chunk) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk])
    rest = null
    while (bytes.length > 0) {
      const read = readAnswer(bytes)
      if (read === null) {
        // The caller's buffer is used again for the next chunk.
        rest = Buffer.from(bytes)
        return
      }
      bytes = bytes.subarray(read.end)
      onAnswer(read.answer)
    }
  }
}

/** The first answer in `bytes` and where it ends; null while there is more to come. */
function readAnswer(bytes: Buffer): { answer: Answer; end: number } | null {
  const endsAt = bytes.indexOf(endOfHead)
  if (endsAt === -1) return null
  const head = bytes.toString('latin1', 0, endsAt)
  const [, digits] = /^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head) ?? []
  if (digits === undefined) throw new Error(`no HTTP/1.1 answer: ${JSON.stringify(head.slice(0, 80))}`)
  const status = Number(digits)
  const start = endsAt + endOfHead.length
  if (status < 200) return readAnswerAfter(bytes, start)
  if (status === 204 || status === 304) return { answer: { status, head, body: '' }, end: start }

  const [, length] = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?:\r|$)/i.exec(head) ?? []
  if (length !== undefined) {
    const end = start + Number(length)
    return bytes.length < end ? null : { answer: { status, head, body: bytes.toString('utf8', start, end) }, end }
  }
  if (/\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?:\r|$)/i.test(head)) {
    const read = readChunks(bytes, start)
    return read && { answer: { status, head, body: read.body }, end: read.end }
  }
  throw new Error('an answer without a length: the connection can bear no other')
}

/** An interim answer (1xx) is followed by the one that counts. */
function readAnswerAfter(bytes: Buffer, start: number): { answer: Answer; end: number } | null {
  const read = readAnswer(bytes.subarray(start))
  return read && { answer: read.answer, end: start + read.end }
}

function readChunks(bytes: Buffer, start: number): { body: string; end: number } | null {
  const parts: Buffer[] = []
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const line = bytes.toString('latin1', at, lineEnd)
    if (!/^[0-9a-f]+(?:[ \t]*;.*)?$/i.test(line)) throw new Error(`no size of a chunk: ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    const from = lineEnd + 2
    if (bytes.length < from + size + 2) return null
    // Trailers do not occur with the servers of this bench; their text would be read as the next answer, and throw.
    if (size === 0) return { body: Buffer.concat(parts).toString(), end: from + 2 }
    parts.push(bytes.subarray(from, from + size))
    at = from + size + 2
  }
}
