/**
 * The limit of `register` and `login`: one worker for each core, at the lowest priority as in the service, that does
 * nothing but hash or verify at cost 12. Prints how many a second, as JSON. `node bcrypt.ts login 6`
 */
import { once } from 'node:events'
import { availableParallelism, setPriority } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/bcrypt'

const cost = 12
const password = 'Seven-bridges-over-Pregel'
/** In milliseconds, until all workers are at work. */
const warmUp = 1_000

/** Works until its time is over, and answers when each hash was done: a thread that is busy can't be told to stop. */
function work(asked: string, from: number, until: number): number[] {
  const stored = hashSync(password, cost)
  const done: number[] = []
  // On a busy machine nothing may be left for this priority: a rate needs two of them, however long they take.
  while (Date.now() < until || done.length < 2) {
    if (asked === 'login') verifySync(password, stored)
    else hashSync(password, cost)
    const at = performance.timeOrigin + performance.now()
    if (at >= from) done.push(at)
  }
  return done
}

if (isMainThread) {
  const [asked, seconds] = [process.argv[2], Number(process.argv[3])]
  const from = Date.now() + warmUp
  const settings = { asked, from, until: from + seconds * 1000 }
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(import.meta.filename, { workerData: settings }),
  )
  const times = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat(2).toSorted((a, b) => a - b)
  const span = times.at(-1) - times[0]
  console.log(JSON.stringify({ perSecond: ((times.length - 1) * 1000) / span, requests: times.length }))
} else {
  if (process.platform === 'linux') setPriority(19)
  const { asked, from, until } = workerData
  parentPort?.postMessage(work(asked, from, until))
}
