/**
 * The limit of `register` and `login`: one worker for each core, at the lowest priority as in the service, that does
 * nothing but hash or verify at cost 12. Prints how many a second, as JSON. `node bcrypt.ts login 6`
 */
import { once } from 'node:events'
import { availableParallelism, setPriority } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/bcrypt'
import { Rate } from '../load/rate.ts'

const cost = 12
const password = 'Seven-bridges-over-Pregel'
/** In milliseconds, until all workers are at work. */
const warmUp = 1_000

/** Works until its time is over, when it ends by itself: a thread that is busy can't be told to stop. */
function work(asked: string, from: number, until: number) {
  const stored = hashSync(password, cost)
  const rate = new Rate()
  rate.begin(from)
  rate.end(until)
  let requests = 0
  const now = () => performance.timeOrigin + performance.now()
  for (let startedAt = now(); startedAt < until; ) {
    if (asked === 'login') verifySync(password, stored)
    else hashSync(password, cost)
    const at = now()
    rate.add(startedAt, at)
    if (at >= from && at < until) requests++
    startedAt = at
  }
  return { perSecond: rate.perSecond, requests }
}

if (isMainThread) {
  const [asked, seconds] = [process.argv[2], Number(process.argv[3])]
  const from = Date.now() + warmUp
  const settings = { asked, from, until: from + seconds * 1000 }
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(import.meta.filename, { workerData: settings }),
  )
  const done: ReturnType<typeof work>[] = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat()
  const sum = (of: (one: ReturnType<typeof work>) => number) => done.reduce((total, one) => total + of(one), 0)
  console.log(
    JSON.stringify({ perSecond: sum(({ perSecond }) => perSecond), requests: sum(({ requests }) => requests) }),
  )
} else {
  if (process.platform === 'linux') setPriority(19)
  const { asked, from, until } = workerData
  parentPort?.postMessage(work(asked, from, until))
}
