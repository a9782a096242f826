/** The process that makes the load of one round. It is told what in one message, and reports in messages. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Adapter, Session } from '../adapter.ts'
import { closedLoop, type Running, type Seat } from './closed-loop.ts'
import { openConnection } from './connection.ts'
import type { LoadMessage, LoadReport, LoadSettings } from './messages.ts'
import { type OpenRunning, openLoop } from './open-loop.ts'
import { createScript, type Lane } from './script.ts'

/** How long what is late in an open loop is still sent. In milliseconds. */
const grace = 5_000

const tell = (message: LoadMessage) => process.send?.(message)
const now = () => performance.now()

async function load(settings: LoadSettings): Promise<LoadReport> {
  const { adapter }: { adapter: Adapter } = await import(pathToFileURL(settings.adapter).href)
  const { host, port, connections, perSecond } = settings
  const broken = Promise.withResolvers<never>()
  const lanes = shareOut(settings.sessions, connections)
  const seats: Seat[] = []
  for (const lane of lanes) seats.push({ lane, connection: await openConnection(host, port, broken.reject) })

  const write = createScript({ ...settings, calls: adapter.calls, host: `${host}:${port}` })
  let sent = 0
  const script = (lane: Lane) => {
    sent++
    return write(lane)
  }
  const running =
    perSecond === null ? closedLoop(seats, script, now) : openLoop(seats, script, { perSecond, now, pace, grace })
  const measured = await Promise.race([measure(running, settings), broken.promise, running.drained.then(() => null)])
  if (!measured) throw new Error('the load ended before its time was over')
  await Promise.race([running.drained, broken.promise])
  for (const { connection } of seats) connection.close()

  const { recorder, rate } = running
  return {
    ...measured,
    latencies: recorder.summary(),
    byKind: recorder.byName(),
    requests: recorder.count,
    sent,
    perSecond: rate.perSecond,
    unsent: (running as Partial<OpenRunning>).unsent ?? 0,
    sessions: lanes.flatMap((lane) => lane.sessions),
  }
}

async function measure(running: Running, { warmUpMs, measureMs }: LoadSettings) {
  await sleep(warmUpMs)
  tell({ kind: 'begin' })
  const startedAt = now()
  const startedWith = process.cpuUsage()
  running.begin()
  await sleep(measureMs)
  running.end()
  const used = process.cpuUsage(startedWith)
  const seconds = (now() - startedAt) / 1000
  tell({ kind: 'end' })
  return { seconds, cpuSeconds: (used.user + used.system) / 1e6 }
}

/** Calls `tick` about every millisecond. A request that becomes due in between is that much late, which it is told. */
function pace(tick: () => void): () => void {
  const timer = setInterval(tick, 1)
  return () => clearInterval(timer)
}

function shareOut(sessions: readonly Session[], connections: number): Lane[] {
  return Array.from({ length: connections }, (_, seat) => ({
    sessions: sessions.filter((_, index) => index % connections === seat),
    at: 0,
  }))
}

// Whoever asked may be killed: nobody would end this process then.
process.once('disconnect', () => process.exit())

const [settings] = await once(process, 'message')
const last = await load(settings as LoadSettings).then(
  (report): LoadMessage => ({ kind: 'report', report }),
  (error): LoadMessage => ({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) }),
)
// A report of many sessions is long: the channel is left when it is through.
process.send?.(last, () => process.disconnect())
