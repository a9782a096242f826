/**
 * The limit of `register` and `login`: one worker for each core, at the lowest priority as in the service, that does
 * nothing but hash or verify at cost 12. Prints how many a second, as JSON. `node bcrypt.ts login 6`
 */
import { availableParallelism, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { hashSync, verifySync } from '@node-rs/bcrypt'

const cost = 12
const password = 'Seven-bridges-over-Pregel'

if (isMainThread) {
  const [asked, seconds] = [process.argv[2], Number(process.argv[3])]
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(import.meta.filename, { workerData: asked }),
  )
  let times: number[] = []
  for (const worker of workers) worker.on('message', () => times.push(performance.now()))
  await sleep(1000)
  times = []
  await sleep(seconds * 1000)
  const [first = 0, last = 0] = [times[0], times.at(-1)]
  console.log(JSON.stringify({ perSecond: ((times.length - 1) * 1000) / (last - first), requests: times.length }))
  process.exit()
}

if (process.platform === 'linux') setPriority(19)
const hash = workerData === 'login' ? hashSync(password, cost) : ''
for (;;) {
  if (hash) verifySync(password, hash)
  else hashSync(password, cost)
  parentPort?.postMessage('one more')
}
