/**
 * The load of the growth set, as a process of its own that lives as long as the set: it knows of each session how often
 * it was refreshed. It is forked, sent one order at a time as JSON, and answers each with a report.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, openConnection, requestOf } from './connection.ts'
import type { Plan } from './rows.ts'
import { type Tokens, tokensOf } from './tokens.ts'

export type Kind = 'me' | 'refresh'
export type Side = 'small' | 'grown'

/** Names a service and what is in its database; again, when its address or its rows have changed. */
export interface Aim {
  readonly order: 'aim'
  readonly side: Side
  readonly url: string
  readonly databaseUrl: string
  readonly plan: Plan
  readonly accessTokens: number
}

/** So many connections that each send the next call when the last one is answered; for a time, or for so many calls. */
export interface Closed {
  readonly order: 'closed'
  readonly side: Side
  readonly kind: Kind
  readonly connections: number
  readonly seconds?: number
  readonly calls?: number
  /** Which part of the sessions is called, from the first one on; all unless it is given. */
  readonly share?: number
}

/** Both kinds in turn, at a fixed rate, whatever becomes of the calls before; ends with the order to stop. */
export interface Open {
  readonly order: 'open'
  readonly side: Side
  readonly connections: number
  readonly perSecond: number
}

export interface Stop {
  readonly order: 'stop'
}

export interface ClosedReport {
  readonly calls: number
  readonly failed: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

/** Of each call: when it was due, by the machine's clock, and how many milliseconds later its answer was there. */
export type OpenReport = Readonly<Record<Kind, { at: number[]; ms: number[] }>> & { readonly failed: number }

const sides = new Map<Side, { url: string; tokens: Tokens }>()

function sideOf(side: Side) {
  const found = sides.get(side)
  if (!found) throw new Error(`nobody aimed at ${side}`)
  return found
}

async function aim({ side, url, databaseUrl, plan, accessTokens }: Aim): Promise<object> {
  const tokens = await tokensOf(databaseUrl, plan, accessTokens, sides.get(side)?.tokens)
  sides.set(side, { url, tokens })
  return {}
}

/** One call; false when it was not answered as it should be. */
async function call(connection: Connection, kind: Kind, tokens: Tokens, share: number): Promise<boolean> {
  const answered = (request: string) => connection.send(request).catch(() => 0)
  if (kind === 'me') return (await answered(requestOf('GET', '/api/v1/users/me', tokens.access()))) === 200
  const session = tokens.takeSession(share)
  const status = await answered(requestOf('POST', '/api/v1/auth/refresh', tokens.refresh(session)))
  tokens.putBack(session, status === 200)
  return status === 200
}

async function closed(order: Closed): Promise<ClosedReport> {
  const { kind, connections, seconds = Number.POSITIVE_INFINITY, calls = Number.POSITIVE_INFINITY, share = 1 } = order
  const { url, tokens } = sideOf(order.side)
  const lanes = await Promise.all(Array.from({ length: connections }, () => openConnection(url)))
  const samples: number[] = []
  let failed = 0
  let begun = 0
  const from = performance.now()
  await Promise.all(
    lanes.map(async (connection) => {
      while (begun < calls && performance.now() - from < seconds * 1000) {
        begun++
        const sentAt = performance.now()
        if (await call(connection, kind, tokens, share)) samples.push(performance.now() - sentAt)
        else failed++
      }
    }),
  )
  const elapsed = (performance.now() - from) / 1000
  for (const connection of lanes) connection.close()
  const sorted = Float64Array.from(samples).sort()
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
  return { calls: begun, failed, perSecond: samples.length / elapsed, p50: quantile(0.5), p99: quantile(0.99) }
}

let stopped = false

async function open({ side, connections, perSecond }: Open): Promise<OpenReport> {
  const { url, tokens } = sideOf(side)
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)))
  const lanes = [...free]
  const due: { kind: Kind; at: number }[] = []
  const report = { me: { at: [] as number[], ms: [] as number[] }, refresh: { at: [] as number[], ms: [] as number[] } }
  let failed = 0
  let running = 0
  const serve = async (connection: Connection) => {
    for (let next = due.shift(); next; next = due.shift()) {
      const { kind, at } = next
      if (await call(connection, kind, tokens, 1)) {
        // From when it was due, not from when a connection was free: whoever waits for that waits too.
        report[kind].ms.push(performance.now() - at)
        report[kind].at.push(performance.timeOrigin + at)
      } else failed++
    }
    free.push(connection)
    running--
  }
  stopped = false
  const from = performance.now()
  for (let turn = 0; !stopped; turn++) {
    const at = from + (turn / perSecond) * 1000
    const early = at - performance.now()
    if (early > 0) await sleep(early)
    due.push({ kind: turn % 2 === 0 ? 'me' : 'refresh', at })
    // In turn, so that none is idle for so long that the service closes it.
    const connection = free.shift()
    if (!connection) continue
    running++
    void serve(connection)
  }
  while (running > 0) await sleep(5)
  for (const connection of lanes) connection.close()
  return { ...report, failed }
}

process.on('message', (text: string) => {
  const order: Aim | Closed | Open | Stop = JSON.parse(text)
  if (order.order === 'stop') {
    stopped = true
    return
  }
  const orders = { aim, closed, open } as Record<string, (given: never) => Promise<object>>
  orders[order.order]?.(order as never).then(
    (report) => process.send?.({ report }),
    (error: Error) => process.send?.({ error: String(error.stack) }),
  )
})

// Whoever gives the orders may be killed: nobody would end this process then.
process.once('disconnect', () => process.exit())
