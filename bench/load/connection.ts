import { once } from 'node:events'
import { connect } from 'node:net'
import type { Answer } from '../adapter.ts'
import { responseReader } from './response-reader.ts'

/** A connection that is kept, with one request on it at a time. */
export interface Connection {
  send(bytes: string, onAnswer: (answer: Answer) => void): void
  close(): void
}

/** Beyond it nobody waits: a server that has lost a request would else hold the round for ever. In milliseconds. */
const patience = 60_000

/** @param onFailure told once when the server hangs up, or answers what nobody asked or can read. */
export async function openConnection(
  host: string,
  port: number,
  onFailure: (error: Error) => void,
): Promise<Connection> {
  let waiting: ((answer: Answer) => void) | null = null
  let closed = false
  const fail = (error: Error) => {
    if (closed) return
    closed = true
    socket.destroy()
    onFailure(error)
  }
  const read = responseReader((answer) => {
    const onAnswer = waiting
    waiting = null
    if (!onAnswer) throw new Error(`an answer to no request: ${answer.head.slice(0, 80)}`)
    onAnswer(answer)
  })
  const callback = (size: number, buffer: Uint8Array) => {
    try {
      read(Buffer.from(buffer.buffer, buffer.byteOffset, size))
    } catch (error) {
      fail(error as Error)
    }
    return true
  }
  // One buffer for all that comes: a new one for each answer would be most of the generator's work.
  const socket = connect({ host, port, noDelay: true, onread: { buffer: new Uint8Array(65_536), callback } })
  await once(socket, 'connect')
  socket.setTimeout(patience, () => waiting && fail(new Error(`no answer within ${patience / 1000} s`)))
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed a connection')))
  return {
    send(bytes, onAnswer) {
      waiting = onAnswer
      socket.write(bytes, 'latin1')
    },
    close() {
      closed = true
      socket.destroy()
    },
  }
}
