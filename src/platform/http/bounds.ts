import { readFileSync } from 'node:fs'
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../../kernel/refusal.ts'
import type { Log } from '../log.ts'

/** What one client, and all of them together, can take of the server: times in milliseconds, sizes in bytes. */
export interface HttpBounds {
  readonly body: number
  /** The request line and all headers together. Node refuses more than 1000 headers by itself, with 431 as well. */
  readonly headers: number
  /** From the first byte of a request to the end of its headers, and to its own end. */
  readonly headersTimeout: number
  readonly requestTimeout: number
  /** How often the two above are looked at. */
  readonly checkEvery: number
  /** How long a connection without a request is kept. */
  readonly keepAlive: number
  /** How long a connection may stand still in the middle of a request or of an answer that nobody reads. */
  readonly silence: number
  /** How many connections at once. */
  readonly connections: number
  /** How many requests of one connection may be in work, or be answered and not yet read by the client. */
  readonly pipelined: number
}

const kibibyte = 1024
const seconds = 1_000

export const defaultHttpBounds = (): HttpBounds => ({
  body: 16 * kibibyte,
  headers: 16 * kibibyte,
  headersTimeout: 10 * seconds,
  requestTimeout: 15 * seconds,
  checkEvery: 2 * seconds,
  keepAlive: 10 * seconds,
  // Longer than any route takes: a request that waits for its turn at a hash or at the database stands still too.
  silence: 30 * seconds,
  connections: connectionsWithin(openFilesLimit()),
  pipelined: 32,
})

/** As many as the process has file descriptors for, less those that the database, its files and the log need. */
export const connectionsWithin = (openFiles: number): number =>
  Math.max(1, Math.min(10_000, openFiles - Math.min(256, Math.ceil(openFiles / 2))))

/** How many files this process may have open; where the system does not say, what most give at least. */
function openFilesLimit(): number {
  try {
    const soft = /^Max open files +([0-9]+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? fallback)
  } catch {
    return fallback
  }
}

const fallback = 4_096

/**
 * Refuses what comes on a connection beyond the bound, and has the connection end with that answer. Node hands out all
 * requests that arrive in one piece, some 1500, before it looks whether anybody reads the answers.
 */
export function pipelineBound(pipelined: number): (message: IncomingMessage, response: ServerResponse) => void {
  const connections = new WeakMap<Socket, { open: number; readonly leave: () => void }>()
  return ({ socket }, response) => {
    let connection = connections.get(socket)
    if (!connection) {
      const fresh = { open: 0, leave: () => void fresh.open-- }
      connections.set(socket, fresh)
      connection = fresh
    }
    connection.open++
    response.on('close', connection.leave)
    if (connection.open <= pipelined) return
    response.shouldKeepAlive = false
    throw new Refusal('too_many_requests', { because: 'too many at once on one connection', retryAfter: 1 })
  }
}

/** Closes connections beyond the bound at once, with a line in the log for the first and then every ten seconds. */
export function boundConnections(server: HttpServer, connections: number, log: Log): void {
  let closed = 0
  let quietUntil = 0
  server.maxConnections = connections
  // A worker would else hand them back, and a primary that distributes by itself hand them out again, for ever.
  // (Node's own types do not know it yet.)
  Object.assign(server, { dropMaxConnection: true })
  server.on('drop', () => {
    closed++
    if (performance.now() < quietUntil) return
    log.warn({ connections, closed }, 'connections beyond the bound were closed at once')
    quietUntil = performance.now() + 10 * seconds
    closed = 0
  })
}
