import { Worker } from 'node:worker_threads'
import { Refusal } from '../../kernel/refusal.ts'

export interface WorkerPoolOptions {
  /** The worker: it answers every message with exactly one, and dies of what it can't do. */
  readonly file: URL
  readonly size: number
  /** How many jobs may wait for a worker. */
  readonly maxWaiting: number
  /** How long a job lasts until one was measured, in milliseconds. */
  readonly expectedMs: number
}

export interface WorkerPool<Task> {
  /**
   * The worker's answer. Rejects with `Refusal('overloaded')` when the queue is full, with an `Error` when the worker
   * dies of the task or the pool is closed.
   */
  run(task: Task): Promise<unknown>
  /** Turns away what waits, lets finish what runs, and ends the workers. */
  close(): Promise<void>
}

interface Job<Task> extends PromiseWithResolvers<unknown> {
  readonly task: Task
  startedAt: number
}

/**
 * Worker threads with one queue before them, first come, first served.
 *
 * A worker starts when there is a job for it and stays; it does not keep the process alive while it is idle. One that
 * dies takes its own job with it and no other: the next job starts the next worker.
 */
export function createWorkerPool<Task>({ file, size, maxWaiting, expectedMs }: WorkerPoolOptions): WorkerPool<Task> {
  const waiting: Job<Task>[] = []
  const busy = new Map<Worker, Job<Task>>()
  const idle = new Set<Worker>()
  let meanMs = expectedMs
  let closed = false

  function start(): Worker {
    // Without the process's own flags: some of them (`--input-type`, `--test`) speak of its main module.
    const worker = new Worker(file, { execArgv: [] })
    let cause: unknown
    worker.on('message', (answer) => {
      const job = busy.get(worker)
      if (!job) return
      // A moving mean, so that the estimate follows the machine's load within a few jobs.
      meanMs += (performance.now() - job.startedAt - meanMs) / 5
      busy.delete(worker)
      idle.add(worker)
      worker.unref()
      job.resolve(answer)
      proceed()
    })
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      const job = busy.get(worker)
      busy.delete(worker)
      idle.delete(worker)
      job?.reject(new Error('a worker thread died', { cause }))
      proceed()
    })
    return worker
  }

  function proceed(): void {
    while (busy.size < size) {
      const job = waiting.shift()
      if (!job) return
      const worker = idle.values().next().value ?? startFor(job)
      if (!worker) continue
      idle.delete(worker)
      busy.set(worker, job)
      worker.ref()
      job.startedAt = performance.now()
      worker.postMessage(job.task)
    }
  }

  function startFor(job: Job<Task>): Worker | null {
    try {
      return start()
    } catch (cause) {
      job.reject(new Error('a worker thread does not start', { cause }))
      return null
    }
  }

  return {
    async run(task) {
      if (closed) throw new Error('the worker pool is closed')
      if (busy.size >= size && waiting.length >= maxWaiting) {
        // By then all that came before is done, if the machine keeps its pace.
        const seconds = Math.ceil(((busy.size + waiting.length) * meanMs) / size / 1000)
        throw new Refusal('overloaded', { retryAfter: Math.max(1, seconds), because: 'worker_queue_full' })
      }
      const job = { task, startedAt: 0, ...Promise.withResolvers<unknown>() }
      waiting.push(job)
      proceed()
      return job.promise
    },
    async close() {
      closed = true
      for (const job of waiting.splice(0)) job.reject(new Error('the worker pool is closed'))
      await Promise.allSettled([...busy.values()].map((job) => job.promise))
      await Promise.all([...idle].map((worker) => worker.terminate()))
    },
  }
}
