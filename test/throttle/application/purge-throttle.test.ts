import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketStore, PlaceStore } from '../../../src/throttle/application/ports.ts'
import { purgeThrottle } from '../../../src/throttle/application/purge-throttle.ts'
import { testClock } from '../../support/clock.ts'

test('what limits nobody any more goes, and so do places unused for 90 days; some at a time until none is left; all are counted', async () => {
  const clock = testClock()
  const did: unknown[] = []
  const [some, others] = [[5, 3], [2]]
  const buckets = {
    async purge(now, atMost) {
      did.push(['buckets', now, atMost])
      return some.shift() ?? 0
    },
  } as Partial<BucketStore> as BucketStore
  const places = {
    async purge(before) {
      did.push(['places', before])
      return others.shift() ?? 0
    },
  } as Partial<PlaceStore> as PlaceStore
  assert.equal(await purgeThrottle({ buckets, places, clock, atMost: 1000 })(), 10)
  const stale = new Date(clock().getTime() - 90 * 86_400_000)
  assert.deepEqual(did, [...Array(3).fill(['buckets', clock(), 1000]), ...Array(2).fill(['places', stale])])
})
