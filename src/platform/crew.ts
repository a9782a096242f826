import type { ChildProcess } from 'node:child_process'
import { type Channel, channelOver, type Line } from './channel.ts'
import type { Log } from './log.ts'

/** What a worker says of itself: that it serves at an address, or in one sentence why it can't. */
export type WorkerNews =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly sentence: string }

/** What a worker is told: to answer what is in flight and to end, or values that are in force from now on. */
export type WorkerOrder = 'stop' | { readonly adjust: unknown }

export const crewTopic = 'crew'

/** What the crew needs of a process. */
export type CrewWorker = Line & Pick<ChildProcess, 'pid' | 'kill' | 'once'>

export interface CrewOptions {
  readonly size: number
  /** Starts one more worker. */
  readonly hire: () => CrewWorker
  readonly log: Log
  /** How long workers may take to end in order, in milliseconds. */
  readonly patience: number
  /** Told of each worker that has died, and not ended in order, and that another takes the place of. */
  readonly onDeath?: (() => void) | undefined
  /** Told when nobody serves any more and nobody comes up, after all did: the service is at its end. */
  readonly onHopeless: (error: Error) => void
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

export interface Crew {
  /** Where it serves, once all do. Rejects with a sentence for the operator when a start has no prospect. */
  readonly ready: Promise<string>
  /** Tells all workers that there are; also those that are still starting. */
  adjust(to: unknown): void
  /** Has all of them end in order, and kills those that do not; then it rejects. */
  stop(): Promise<void>
}

interface Member {
  readonly number: number
  readonly worker: CrewWorker
  readonly orders: Channel<WorkerOrder, WorkerNews>
  /** Since when it serves. */
  readyAt: number | null
  complaint: string | null
}

/** In milliseconds. Who has served for so long did not die of its start. */
const settled = 10_000
const shortestPause = 100
const longestPause = 10_000
/** So many starts that failed in a row, and nobody who serves: there is no prospect. */
const mostFailures = 5

/**
 * Keeps so many workers alive. One that ends is replaced at once; while they die young, again and again, at longer and
 * longer intervals. The first start is as strict as that of one process: what a worker complains of ends it.
 */
export function createCrew(options: CrewOptions): Crew {
  const { size, hire, log, patience, onDeath, onHopeless, now = () => performance.now() } = options
  const members = new Set<Member>()
  const pauses = new Set<NodeJS.Timeout>()
  const ready = Promise.withResolvers<string>()
  let hired = 0
  let failures = 0
  let state: 'starting' | 'serving' | 'over' = 'starting'
  let onEmpty = () => {}

  const serving = () => [...members].filter((member) => member.readyAt !== null).length

  function employ(): void {
    const worker = hire()
    const orders = channelOver<WorkerOrder, WorkerNews>(worker, crewTopic)
    const member: Member = { number: ++hired, worker, orders, readyAt: null, complaint: null }
    members.add(member)
    orders.listen((news) => {
      if (news.kind === 'ready') welcome(member, news.address)
      else member.complaint = news.sentence
    })
    worker.once('exit', (code, signal) => part(member, { code, signal }))
    worker.once('error', (error) => {
      member.complaint ??= error.message
      // One that could not even be started has no exit.
      if (worker.pid === undefined) part(member, {})
    })
  }

  function welcome(member: Member, at: string): void {
    member.readyAt = now()
    log.info({ worker: member.number, pid: member.worker.pid }, 'a worker is ready')
    if (state !== 'starting' || serving() < size) return
    state = 'serving'
    ready.resolve(at)
  }

  function part(member: Member, end: { code?: number | null; signal?: NodeJS.Signals | null }): void {
    members.delete(member)
    if (state === 'over') {
      if (members.size === 0) onEmpty()
      return
    }
    const { number, readyAt, complaint } = member
    const hasSettled = readyAt !== null && now() - readyAt >= settled
    failures = hasSettled ? 0 : failures + 1
    const because = complaint ?? `it ended with ${end.signal ?? `code ${end.code}`}`
    if (state === 'starting' && complaint !== null) {
      giveUp(complaint)
      return
    }
    if (readyAt === null && failures >= mostFailures && (state === 'starting' || serving() === 0)) {
      giveUp(`No worker starts: ${because}.`)
      return
    }
    const line = { worker: number, pid: member.worker.pid, because }
    log[end.code === 0 ? 'info' : 'error'](line, 'a worker has ended: another takes its place')
    if (end.code !== 0) onDeath?.()
    replaceAfter(failures < 2 ? 0 : Math.min(longestPause, shortestPause * 2 ** (failures - 2)))
  }

  function replaceAfter(pause: number): void {
    const timer = setTimeout(() => {
      pauses.delete(timer)
      employ()
    }, pause)
    pauses.add(timer)
  }

  function giveUp(sentence: string): void {
    const wasServing = state === 'serving'
    state = 'over'
    const error = new Error(sentence)
    ready.reject(error)
    if (wasServing) onHopeless(error)
  }

  for (let count = 0; count < size; count++) employ()
  return {
    ready: ready.promise,
    adjust(to) {
      for (const { orders } of members) orders.send({ adjust: to })
    },
    async stop() {
      state = 'over'
      for (const timer of pauses) clearTimeout(timer)
      if (members.size === 0) return
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve
      })
      let killed = 0
      const cut = setTimeout(() => {
        for (const { worker } of members) if (worker.kill('SIGKILL')) killed++
      }, patience)
      for (const { orders } of members) orders.send('stop')
      await empty
      clearTimeout(cut)
      if (killed > 0) throw new Error(`${killed} workers did not stop in time and were killed`)
    },
  }
}
