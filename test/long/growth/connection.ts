import { once } from 'node:events'
import { connect } from 'node:net'

/** One connection that is kept open, for one call at a time: little of the machine is the load's own. */
export interface Connection {
  /** Sends a request as it stands on the wire; answers the status. */
  send(request: string): Promise<number>
  close(): void
}

/** The text of a request without a body. */
export const requestOf = (method: string, path: string, token: string): string =>
  `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`

export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  let waiting: { resolve(status: number): void; reject(error: Error): void } | undefined
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
    const length = lengthOf(received)
    if (length === null || received.length < length) return
    const status = Number(received.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
    received = received.slice(length)
    waiting?.resolve(status)
    waiting = undefined
  })
  let broken: Error | undefined
  const fail = (error = new Error('the connection is closed')) => {
    broken ??= error
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('error', fail).on('close', () => fail())
  return {
    send(request) {
      if (broken) return Promise.reject(broken)
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket.write(request, 'latin1')
      })
    },
    close: () => socket.destroy(),
  }
}

/** How long the answer is, head and body; null as long as its head is not there. */
function lengthOf(received: string): number | null {
  const head = received.indexOf('\r\n\r\n')
  if (head === -1) return null
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head + 2)) ?? []
  return head + 4 + Number(length)
}
