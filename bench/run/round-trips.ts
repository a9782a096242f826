import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A wire to PostgreSQL on which what the client asks is counted. */
export interface CountingWire {
  /** The same database, by way of the wire. */
  readonly url: string
  /** How often a client has asked and waited: simple queries and Syncs of the extended protocol. */
  readonly asked: number
  stop(): Promise<void>
}

/** Frontend messages that the server answers with ReadyForQuery (PostgreSQL's protocol 3, "Message Formats"). */
const answered = new Set(['Q', 'S', 'F'].map((letter) => letter.charCodeAt(0)))

/** In a pass of its own, since it costs time: between the server under test and its database. */
export async function countingWire(databaseUrl: string): Promise<CountingWire> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let asked = 0
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
    client.setNoDelay(true)
    const read = frontendReader((type) => {
      if (answered.has(type)) asked++
    })
    client.on('data', read)
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    get asked() {
      return asked
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Finds the messages in what a client sends. The first one, which opens the connection, has no type. */
export function frontendReader(onMessage: (type: number) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  let opened = false
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const before = opened ? 1 : 0
      if (bytes.length < before + 4) break
      const size = before + bytes.readUInt32BE(before)
      if (bytes.length < size) break
      if (opened) onMessage(bytes[0] as number)
      opened = true
      bytes = bytes.subarray(size)
    }
    rest = Buffer.from(bytes)
  }
}
