/**
 * The service in a process of its own that tells what its thread allocates. Forked with a young generation so large that
 * nothing is collected while requests are counted, all that is on the heap then was allocated by them; with a small one,
 * what the old generation grows by has outlived the young one.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import { compose } from '../../src/compose.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/platform/log.ts'
import { testClock } from '../support/clock.ts'

export interface Allocated {
  /** Bytes of JavaScript's heap, and those that it holds outside of it. */
  readonly heap: number
  readonly outside: number
  /** Bytes of the old generation, where what is dead stays until a collection of the whole heap. */
  readonly old: number
  /** How often something was collected since the start, and how often the whole heap. */
  readonly collections: number
  readonly marked: number
}

/** `collect` collects all garbage; `waste` makes each request waste bytes. */
export type Order = { readonly order: 'tell' | 'collect' } | { readonly order: 'waste'; readonly bytes: number }

const log = createLog('info', { write: () => undefined })
const config = { ...parseConfig(process.env), bcryptCost: 4 }
// Time stands still, and so nothing that is kept grows old.
const clock = testClock()
// The first one makes the keys; the one that is measured does nothing in the background.
await (await compose(config, { log, clock })).close()
const service = await compose(config, { log, clock, keeps: false })
const url = await service.app.listen({ host: '127.0.0.1', port: 0 })

let collections = 0
let marked = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    collections++
    if ('detail' in entry && Object(entry.detail).kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked++
  }
}).observe({ entryTypes: ['gc'] })

let waste = 0
let wasted: unknown
service.app.server.prependListener('request', () => {
  // An element of an array takes eight bytes.
  if (waste > 0) wasted = new Array(waste / 8).fill(wasted === undefined)
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function obey(order: Order): Promise<Allocated> {
  if (order.order === 'waste') waste = order.bytes
  if (order.order === 'collect') {
    for (let round = 0; round < 3; round++) {
      await turn()
      globalThis.gc?.()
    }
    // The observer is told a turn later.
    await turn()
    await turn()
  }
  const { heapUsed, external } = process.memoryUsage()
  const old = getHeapSpaceStatistics()
    .filter(({ space_name }) => space_name === 'old_space' || space_name === 'large_object_space')
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0)
  return { heap: heapUsed, outside: external, old, collections, marked }
}

process.on('message', (order: Order) => void obey(order).then((allocated) => process.send?.(allocated)))
process.on('disconnect', () => process.exit())
process.send?.({ url })
