import type { Worker } from 'node:worker_threads'
import { Refusal } from '../../kernel/refusal.ts'
import { createDeadlineQueue, type Waiter } from './deadline-queue.ts'
import { createPace } from './pace.ts'

/** What the pool needs of a worker thread. */
export type PoolWorker = Pick<Worker, 'on' | 'postMessage' | 'ref' | 'unref' | 'terminate'>

export interface WorkerPoolOptions<Task> {
  /** Starts a worker: it answers every message with exactly one, and dies of what it can't do. */
  readonly start: () => PoolWorker
  readonly size: number
  /** Within how many milliseconds after its arrival a job should be answered. */
  readonly deadlineMs: number
  /** How long a job of work 1 lasts until one was measured, in milliseconds. */
  readonly expectedMs: number
  /** How much work a job is at most, as a multiple of an ordinary one; 1 for all when not given. */
  readonly work?: (task: Task) => number
  /** How many bytes a job holds while it is done, and how many all of them may at a time; one may always go alone. */
  readonly memory?: { readonly of: (task: Task) => number; readonly most: number }
  /** After how many milliseconds without a job a worker is let go, all but the last; never when not given. */
  readonly idleMs?: number
  /** A clock in milliseconds that never goes back. */
  readonly now?: () => number
}

export interface WorkerPool<Task> {
  /** Throws `Refusal('overloaded')` where `run` would refuse a job of work 1 at once. */
  expectRoom(): void
  /**
   * The worker's answer. Rejects with `Refusal('overloaded')`, at once when the job can't be answered within the
   * deadline, and later when the deadline passes before it is begun; with the signal's reason once `gone` is aborted;
   * with an `Error` when two workers died of the job or the pool is closed.
   */
  run(task: Task, gone?: AbortSignal): Promise<unknown>
  /** How many jobs wait, and how many are at a worker. */
  state(): { readonly waiting: number; readonly running: number }
  /** Turns away what waits, lets finish what runs, and ends the workers. */
  close(): Promise<void>
}

interface Job<Task> extends Waiter, PromiseWithResolvers<unknown> {
  readonly task: Task
  readonly memory: number
  startedAt: number
  /** How many workers died of it. */
  deaths: number
  /** Nobody waits for the answer any more. A hash can't be stopped, so it is thrown away when it is done. */
  abandoned: boolean
}

/**
 * Worker threads with one queue before them, first come, first served, and no longer than the deadline allows.
 *
 * A worker starts when there is a job for it, and one stays, so that a single job never waits for a start; it does not
 * keep the process alive while it is idle. A job whose worker died is given to one other at once, and takes none of
 * those with it that wait.
 */
export function createWorkerPool<Task>(options: WorkerPoolOptions<Task>): WorkerPool<Task> {
  const { start, size, deadlineMs, expectedMs, work = () => 1, idleMs, now = () => performance.now() } = options
  const { memory = { of: () => 0, most: 0 } } = options
  const pace = createPace({ size, deadlineMs, expectedMs })
  const queue = createDeadlineQueue<Job<Task>>(deadlineMs, now, refuseLate)
  const busy = new Map<PoolWorker, Job<Task>>()
  const idle = new Map<PoolWorker, NodeJS.Timeout | undefined>()
  let closed = false

  /** How many milliseconds pass until all that has come before is done, if the machine keeps its pace. */
  function backlogMs(at: number): number {
    let ms = pace.of(queue.work)
    for (const job of busy.values()) ms += Math.max(0, pace.of(job.work) - (at - job.startedAt))
    return ms / size
  }

  function overloaded(work: number, because: string): Refusal {
    const at = now()
    return new Refusal('overloaded', { retryAfter: pace.promise(at, backlogMs(at), work), because })
  }

  function refuseLate({ reject, work }: Job<Task>): void {
    reject(overloaded(work, 'hash_deadline_passed'))
  }

  function employ(): PoolWorker {
    const worker = start()
    let cause: unknown
    let experienced = false
    worker.on('message', (answer) => {
      const job = busy.get(worker)
      if (!job) return
      // The first job of a worker bears its start as well.
      if (experienced) pace.measured(job.work, now() - job.startedAt)
      experienced = true
      busy.delete(worker)
      rest(worker)
      job.resolve(answer)
      proceed()
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      const job = busy.get(worker)
      busy.delete(worker)
      wake(worker)
      if (job) outlive(job, cause)
      proceed()
    })
    return worker
  }

  function rest(worker: PoolWorker): void {
    worker.unref()
    const letGo = () => {
      if (idle.size + busy.size === 1) return rest(worker)
      idle.delete(worker)
      void worker.terminate()
    }
    idle.set(worker, idleMs === undefined ? undefined : setTimeout(letGo, idleMs).unref())
  }

  function wake(worker: PoolWorker): void {
    clearTimeout(idle.get(worker))
    idle.delete(worker)
  }

  function assign(job: Job<Task>): void {
    try {
      // Who was busy last: so the others come to have rested for long enough to be let go.
      const worker = [...idle.keys()].at(-1) ?? employ()
      wake(worker)
      busy.set(worker, job)
      worker.ref()
      job.startedAt = now()
      worker.postMessage(job.task)
    } catch (cause) {
      outlive(job, cause)
    }
  }

  function outlive(job: Job<Task>, cause: unknown): void {
    job.deaths++
    if (job.abandoned) return
    if (job.deaths > 1 || closed) job.reject(new Error('a worker thread died', { cause }))
    else if (queue.isLate(job)) refuseLate(job)
    else assign(job)
  }

  /** Puts who waits to work. Who holds no memory passes who waits for some: that one is first at each free worker. */
  function proceed(): void {
    while (busy.size < size) {
      const held = [...busy.values()].reduce((sum, { memory }) => sum + memory, 0)
      const fits = (first: Job<Task>) => held === 0 || held + first.memory <= memory.most
      const job = queue.next(fits, ({ memory }) => memory === 0)
      if (!job) return
      assign(job)
    }
  }

  function abandon(job: Job<Task>, reason: unknown): void {
    queue.leave(job)
    job.abandoned = true
    job.reject(reason)
  }

  function expectRoom(much: number): void {
    // Who finds an idle worker waits for nobody, and no later moment would be a better one.
    if ((busy.size < size && queue.length === 0) || pace.allows(backlogMs(now()), much, queue.length)) return
    throw overloaded(much, 'hash_queue_full')
  }

  return {
    expectRoom: () => expectRoom(1),
    state: () => ({ waiting: queue.length, running: busy.size }),
    async run(task, gone) {
      gone?.throwIfAborted()
      if (closed) throw new Error('the worker pool is closed')
      const arrivedAt = now()
      const much = work(task)
      expectRoom(much)
      const promise = Promise.withResolvers<unknown>()
      const begin = { startedAt: 0, deaths: 0, abandoned: false }
      const job: Job<Task> = { task, work: much, memory: memory.of(task), arrivedAt, ...begin, ...promise }
      const onGone = () => abandon(job, gone?.reason)
      gone?.addEventListener('abort', onGone, { once: true })
      queue.add(job)
      proceed()
      return job.promise.finally(() => gone?.removeEventListener('abort', onGone))
    },
    async close() {
      closed = true
      for (const job of queue.clear()) job.reject(new Error('the worker pool is closed'))
      await Promise.allSettled([...busy.values()].map((job) => job.promise))
      const all = [...idle.keys(), ...busy.keys()]
      for (const worker of idle.keys()) wake(worker)
      await Promise.all(all.map((worker) => worker.terminate()))
    },
  }
}
