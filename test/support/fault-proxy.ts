import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a fault does: the connection is reset, falls silent while it stays open, or waits so many milliseconds. */
export type Act = 'cut' | 'silence' | { readonly delay: number }

/**
 * Where it strikes: before a request reaches the server, or after the server has done it and before the answer reaches
 * the client. The request is the n-th round trip from now on, or the one that commits what bears a text: a COMMIT, or a
 * write outside of a transaction, found by what the messages say.
 */
export type Point = { readonly when: 'before' | 'after' } & ({ readonly trip: number } | { readonly commitOf: string })

export interface FaultProxy {
  /** The database's URL, by way of this proxy. */
  readonly url: string
  /** Lets a fault strike once. */
  arm(point: Point, act: Act): Armed
  /** Resets what is open, and nobody listens any more. */
  refuse(): Promise<void>
  /** What is open, and what is opened until `mend`, says nothing any more in either or both directions. */
  silence(direction: 'requests' | 'answers' | 'both'): void
  /** Listens again; new connections are sound. Those that fell silent stay so. */
  mend(): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface Armed {
  readonly fired: boolean
  disarm(): void
}

interface Line {
  readonly client: Socket
  readonly upstream: Socket
  readonly deaf: { requests: boolean; answers: boolean }
  /** What the client has said since the connection was last outside of a transaction. */
  said: string
  /** The texts of the statements that it has prepared, by their names. */
  readonly prepared: Map<string, string>
  idle: boolean
  after: Act | undefined
}

/** What a client says, with the text of a statement that it only names, as if it had sent it along. */
function withPrepared({ prepared }: Line, text: string): string {
  const [whole, name] = /^P.{4}([^\0]+)\0[^\0]*\0/s.exec(text) ?? []
  if (whole !== undefined && name !== undefined) prepared.set(name, whole)
  const bound = /^B.{4}[^\0]*\0([^\0]+)\0/s.exec(text)?.[1]
  return bound === undefined ? text : (prepared.get(bound) ?? '') + text
}

/** Between a client and PostgreSQL: it knows the messages of protocol 3.0 (PostgreSQL manual, chapter 54), no TLS. */
export async function startFaultProxy(databaseUrl: string): Promise<FaultProxy> {
  const target = new URL(databaseUrl)
  const lines = new Set<Line>()
  const armed = new Set<{ point: Point; act: Act; fired: boolean; trips: number }>()
  const deafening = { requests: false, answers: false }

  const cut = ({ client, upstream }: Line) => {
    upstream.resetAndDestroy()
    client.resetAndDestroy()
  }
  /** @returns whether the message still goes on its way. */
  const suffer = async (line: Line, act: Act): Promise<boolean> => {
    if (typeof act === 'object') await sleep(act.delay)
    else if (act === 'cut') cut(line)
    else Object.assign(line.deaf, { requests: true, answers: true })
    return typeof act === 'object'
  }

  const onRequest = async (line: Line, unit: Buffer) => {
    const text = withPrepared(line, unit.toString('latin1'))
    const verb = /^(?:Q.{4}|P.{4}[^\0]*\0)\s*(?:\/\*.*?\*\/\s*)?(\w+)/s.exec(text)?.[1]?.toLowerCase() ?? ''
    const commits = verb === 'commit' || (line.idle && /^(insert|update|delete|merge|with)$/.test(verb))
    line.said = line.idle ? text : line.said + text
    line.idle = false
    for (const fault of text.startsWith('X') ? [] : armed) {
      const { point, act } = fault
      const struck = 'trip' in point ? ++fault.trips === point.trip : commits && line.said.includes(point.commitOf)
      if (!struck) continue
      armed.delete(fault)
      fault.fired = true
      if (point.when === 'after') line.after = act
      else if (!(await suffer(line, act))) return
    }
    if (!line.deaf.requests) line.upstream.write(unit)
  }

  const onAnswer = async (line: Line, unit: Buffer) => {
    // An answer ends with ReadyForQuery, which comes after the commit, and whose last byte tells of the transaction.
    if (unit.at(-6) === 0x5a) {
      line.idle = unit.at(-1) === 0x49
      const { after } = line
      line.after = undefined
      if (after && !(await suffer(line, after))) return
    }
    if (!line.deaf.answers) line.client.write(unit)
  }

  // Half open, lest a silent line answer a farewell.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, allowHalfOpen: true })
    const line: Line = {
      client,
      upstream,
      deaf: { ...deafening },
      said: '',
      prepared: new Map(),
      idle: true,
      after: undefined,
    }
    lines.add(line)
    const pass = (direction: keyof Line['deaf'], split: (chunk: Buffer) => Buffer[], on: typeof onRequest) => {
      const [from, to] = direction === 'requests' ? [client, upstream] : [upstream, client]
      let queue = Promise.resolve()
      from.on('data', (chunk) => {
        for (const unit of split(chunk)) queue = queue.then(() => on(line, unit))
      })
      from.on('error', () => line.deaf[direction] || cut(line))
      // The end comes after what was said, and not to who hears nothing.
      const end = () => {
        queue = queue.then(() => void (line.deaf[direction] || to.end()))
      }
      from.on('end', end)
      from.on('close', () => {
        if (client.closed && upstream.closed) lines.delete(line)
        end()
      })
    }
    // A request is a Query, or what is said up to a Sync; the first message has no type.
    pass('requests', splitter(true, /^[QSXpH]?$/), onRequest)
    pass('answers', splitter(false, /^[ZRE]$/), onAnswer)
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  const shut = async () => {
    server.close()
    for (const line of lines) cut(line)
  }
  return {
    url: url.href,
    arm(point, act) {
      const fault = { point, act, fired: false, trips: 0 }
      armed.add(fault)
      return {
        get fired() {
          return fault.fired
        },
        disarm: () => void armed.delete(fault),
      }
    },
    refuse: shut,
    silence(direction) {
      if (direction !== 'answers') deafening.requests = true
      if (direction !== 'requests') deafening.answers = true
      for (const { deaf } of lines) Object.assign(deaf, deafening)
    },
    async mend() {
      Object.assign(deafening, { requests: false, answers: false })
      if (!server.listening) await listen(port)
    },
    close: shut,
    [Symbol.asyncDispose]: shut,
  }
}

/** Cuts a stream into units of whole messages, each unit ended by a message of such a type. */
function splitter(startsUntyped: boolean, last: RegExp): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0)
  const unit: Buffer[] = []
  let head = startsUntyped ? 0 : 1
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const units: Buffer[] = []
    while (rest.length >= head + 4) {
      const end = head + rest.readInt32BE(head)
      if (rest.length < end) break
      unit.push(rest.subarray(0, end))
      if (last.test(rest.toString('latin1', 0, head))) units.push(Buffer.concat(unit.splice(0)))
      rest = rest.subarray(end)
      head = 1
    }
    return units
  }
}
