/**
 * The load of the login storm, as processes of their own: what they measure is not delayed by each other. A role is
 * forked with its settings as JSON, and sends one report when its time is over.
 */
import { execFileSync } from 'node:child_process'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { hashSync } from '@node-rs/bcrypt'

export interface Session {
  readonly access: string
  readonly refresh: string
}

/** `me` and `refresh` at a fixed rate, whatever becomes of the calls before. */
export interface ProbeSettings {
  readonly role: 'probe'
  readonly url: string
  readonly seconds: number
  readonly perSecond: number
  readonly sessions: readonly Session[]
}

export interface ProbeReport {
  /** Milliseconds of every call that was answered 200. */
  readonly me: readonly number[]
  readonly refresh: readonly number[]
  /** How late calls were sent, in milliseconds: what the machine, not the service, was late. */
  readonly lag: readonly number[]
  readonly refused: number
  readonly unanswered: number
  readonly sessions: readonly Session[]
}

/** Logins at a fixed rate; some of those that are refused come back once, when they were told. */
export interface FloodSettings {
  readonly role: 'flood'
  readonly url: string
  readonly seconds: number
  readonly perSecond: number
  /** Out of this many refused, one comes back. */
  readonly returning: number
  /** Bodies that are sent in turn. */
  readonly bodies: readonly string[]
}

export interface FloodReport {
  readonly statuses: Readonly<Record<number, number>>
  readonly unanswered: number
  readonly withoutRetryAfter: number
  readonly longestRetryAfter: number
  /** Logins that were answered 200 before the flood ended, without those that came in its first seconds. */
  readonly steadyLogins: number
  readonly steadySeconds: number
  readonly loginMs: readonly number[]
  readonly refusedMs: readonly number[]
  /** Of those that came back: during the flood, and after it. */
  readonly returned: Readonly<Record<'during' | 'after', { came: number; served: number }>>
}

/** Nothing but hashes, in as many threads as are named, at the priority that the service's own have. */
export interface BareSettings {
  readonly role: 'bare'
  readonly threads: number
  readonly cost: number
  readonly seconds: number
}

export interface BareReport {
  readonly perSecond: number
}

/** The first seconds of a flood find an empty queue. */
const warmUpSeconds = 6
const patienceMs = 30_000

const agent = new Agent({ keepAlive: true })

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly ms: number
}

/** One call; null when it has no answer. */
const someAddress = () => `10.${[0, 0, 0].map(() => Math.floor(Math.random() * 256)).join('.')}`

function call(url: string, method: string, headers: Record<string, string>, body = ''): Promise<Reply | null> {
  return new Promise((resolve) => {
    const sentAt = performance.now()
    const all = { ...headers, 'x-forwarded-for': someAddress() }
    const sent = request(url, { method, headers: all, agent, timeout: patienceMs }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('error', () => resolve(null))
      response.on('end', () => {
        const ms = performance.now() - sentAt
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, ms })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer')))
    sent.on('error', () => resolve(null))
    sent.end(body)
  })
}

/** Calls `act` at a fixed rate; waits for nothing that it does. Answers how late each was. */
async function openLoop(seconds: number, perSecond: number, act: (turn: number) => void): Promise<number[]> {
  const from = performance.now()
  const lag: number[] = []
  for (let turn = 0; turn < seconds * perSecond; turn++) {
    const due = from + (turn / perSecond) * 1000
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    lag.push(Math.max(0, performance.now() - due))
    act(turn)
  }
  return lag
}

async function probe({ url, seconds, perSecond, sessions }: ProbeSettings): Promise<ProbeReport> {
  comeFirst()
  const free = [...sessions]
  const waiting: ((session: Session) => void)[] = []
  const me: number[] = []
  const refresh: number[] = []
  const calls: Promise<void>[] = []
  let refused = 0
  let unanswered = 0
  const note = (reply: Reply | null, into: number[]) => {
    if (!reply) unanswered++
    else if (reply.status === 200) into.push(reply.ms)
    else refused++
  }
  async function refreshOne() {
    const due = performance.now()
    // Where all are being refreshed, the wait for one counts as well.
    const session = free.shift() ?? (await new Promise<Session>((resolve) => waiting.push(resolve)))
    const waited = performance.now() - due
    const authorization = { authorization: `Bearer ${session.refresh}` }
    const reply = await call(`${url}/api/v1/auth/refresh`, 'POST', authorization)
    note(reply && { ...reply, ms: reply.ms + waited }, refresh)
    // The one that failed goes back as well, so that whoever waits for it fails in turn and does not hang.
    const { access_token, refresh_token } = reply?.status === 200 ? JSON.parse(reply.body) : {}
    const next = access_token ? { access: access_token, refresh: refresh_token } : session
    const first = waiting.shift()
    if (first) first(next)
    else free.push(next)
  }
  async function who(turn: number) {
    const authorization = { authorization: `Bearer ${sessions[turn % sessions.length]?.access}` }
    note(await call(`${url}/api/v1/users/me`, 'GET', authorization), me)
  }
  const lag = await openLoop(seconds, perSecond, (turn) => calls.push(turn % 2 === 0 ? who(turn) : refreshOne()))
  await Promise.all(calls)
  return { me, refresh, lag, refused, unanswered, sessions: free }
}

/** It is not the service's time that a client, which elsewhere has a machine of its own, waits here for a core. */
function comeFirst(): void {
  if (process.platform !== 'linux') return
  try {
    execFileSync('chrt', ['--all-tasks', '--fifo', '--pid', '1', String(process.pid)])
  } catch {
    console.warn('the probe has no real-time priority, which is root’s alone: its own waits count as the service’s')
  }
}

async function flood({ url, seconds, perSecond, returning, bodies }: FloodSettings): Promise<FloodReport> {
  // Clients are other machines: where they have to be on this one, they yield to what is measured, and not to hashing.
  if (process.platform === 'linux') setPriority(10)
  const from = performance.now()
  const elapsed = () => (performance.now() - from) / 1000
  const statuses: Record<number, number> = {}
  const loginMs: number[] = []
  const refusedMs: number[] = []
  const returned = { during: { came: 0, served: 0 }, after: { came: 0, served: 0 } }
  const calls: Promise<unknown>[] = []
  const counts = { unanswered: 0, withoutRetryAfter: 0, longestRetryAfter: 0, steadyLogins: 0, refused: 0 }

  async function logIn(body: string): Promise<Reply | null> {
    const reply = await call(`${url}/api/v1/auth/login`, 'POST', { 'content-type': 'application/json' }, body)
    if (!reply) {
      counts.unanswered++
      return null
    }
    statuses[reply.status] = (statuses[reply.status] ?? 0) + 1
    if (reply.status === 200) {
      loginMs.push(reply.ms)
      if (elapsed() >= warmUpSeconds && elapsed() < seconds) counts.steadyLogins++
    }
    if (reply.status === 503) refusedMs.push(reply.ms)
    return reply
  }

  async function visit(body: string) {
    const reply = await logIn(body)
    if (reply?.status !== 503) return
    const wait = Number(reply.headers['retry-after'])
    if (!(Number.isInteger(wait) && wait >= 1)) counts.withoutRetryAfter++
    counts.longestRetryAfter = Math.max(counts.longestRetryAfter, wait)
    if (++counts.refused % returning !== 0) return
    await sleep(wait * 1000)
    const when = returned[elapsed() < seconds ? 'during' : 'after']
    when.came++
    if ((await logIn(body))?.status === 200) when.served++
  }

  await openLoop(seconds, perSecond, (turn) => calls.push(visit(bodies[turn % bodies.length] ?? '')))
  await Promise.all(calls)
  return { statuses, loginMs, refusedMs, returned, ...counts, steadySeconds: seconds - warmUpSeconds }
}

async function bare({ threads, cost, seconds }: BareSettings): Promise<BareReport> {
  const counts = await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { cost, seconds } })
      return new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject))
    }),
  )
  return { perSecond: counts.reduce((sum, count) => sum + count, 0) }
}

/** Hashes of a second, of one thread; the last one's time counts as well. */
function hashes({ cost, seconds }: { cost: number; seconds: number }): number {
  if (process.platform === 'linux') setPriority(19)
  const salt = Buffer.alloc(16, 7)
  hashSync('your_password_123', 4, salt)
  const from = performance.now()
  let count = 0
  while (performance.now() - from < seconds * 1000) {
    hashSync('your_password_123', cost, salt)
    count++
  }
  return count / ((performance.now() - from) / 1000)
}

if (!isMainThread) {
  const { parentPort } = await import('node:worker_threads')
  parentPort?.postMessage(hashes(workerData))
} else if (process.argv[1] === import.meta.filename) {
  const settings: ProbeSettings | FloodSettings | BareSettings = JSON.parse(
    await new Promise<string>((resolve) => process.once('message', (text) => resolve(String(text)))),
  )
  const roles = { probe, flood, bare } as Record<string, (given: never) => Promise<unknown>>
  const report = await roles[settings.role]?.(settings as never)
  process.send?.(report, () => process.disconnect())
}
