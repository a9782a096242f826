import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What went over a database's wire, without the opening of connections. */
export interface Traffic {
  /** Statements that the server ran: those that open and end a transaction are of them. */
  readonly statements: number
  /** How often a connection spoke and then waited for the answer, whatever it said at once. */
  readonly roundTrips: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

export interface CountedWire {
  /** The database's URL, by way of this wire. */
  readonly url: string
  /** All that went over it so far, as soon as nobody waits for an answer. */
  traffic(): Promise<Traffic>
  /** Keeps the database's answers back, until what it returns is called. */
  hold(): () => void
  close(): Promise<void>
}

/** Messages of a client that make the server run something: a simple query, or the execution of a prepared one. */
const runs = /^[QE]$/
/** Messages of a client after which the server says that it is ready again: a simple query, or the end of a batch. */
const asks = /^[QS]$/
const readyForQuery = 'Z'

/** Between a client and PostgreSQL: it reads the types of messages (PostgreSQL manual, chapter 54), without TLS. */
export async function countedWire(databaseUrl: string): Promise<CountedWire> {
  const target = new URL(databaseUrl)
  const traffic = { statements: 0, roundTrips: 0, bytesSent: 0, bytesReceived: 0 }
  const sockets = new Set<Socket>()
  let unanswered = 0
  let held: (() => void)[] | undefined

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    // Until the server is ready for the first time a connection is being opened.
    let open = false
    let waits = false
    const fromClient = types(true)
    const fromServer = types(false)
    client.on('data', (chunk) => {
      upstream.write(chunk)
      const messages = fromClient(chunk)
      if (!open) return
      if (!waits && !messages.includes('X')) traffic.roundTrips++
      waits = true
      traffic.bytesSent += chunk.length
      traffic.statements += messages.filter((type) => runs.test(type)).length
      unanswered += messages.filter((type) => asks.test(type)).length
    })
    const answer = (chunk: Buffer) => {
      client.write(chunk)
      const ready = fromServer(chunk).filter((type) => type === readyForQuery).length
      if (open) {
        traffic.bytesReceived += chunk.length
        unanswered -= ready
      }
      waits = false
      open ||= ready > 0
    }
    upstream.on('data', (chunk) => {
      if (held && open) held.push(() => answer(chunk))
      else answer(chunk)
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url: url.href,
    async traffic() {
      // Twice: what is done after an answer may begin only then.
      for (let quiet = 0; quiet < 2; quiet++) {
        while (unanswered > 0) await sleep(1)
        await sleep(0)
      }
      return { ...traffic }
    },
    hold() {
      held = []
      return () => {
        const answers = held ?? []
        held = undefined
        for (const give of answers) give()
      }
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** The types of the messages that end in a chunk; a client's first one has none. */
function types(startsUntyped: boolean): (chunk: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0)
  let head = startsUntyped ? 0 : 1
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const found: string[] = []
    while (rest.length >= head + 4) {
      const end = head + rest.readInt32BE(head)
      if (rest.length < end) break
      found.push(rest.toString('latin1', 0, head))
      rest = rest.subarray(end)
      head = 1
    }
    return found
  }
}
