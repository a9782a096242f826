import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BucketStore, PlaceStore } from '../../../src/throttle/application/ports.ts'
import { purgeThrottle } from '../../../src/throttle/application/purge-throttle.ts'
import { testClock } from '../../support/clock.ts'

test('what limits nobody any more goes, and so do places unused for 90 days; both are counted', async () => {
  const clock = testClock()
  const did: unknown[] = []
  const buckets = {
    async purge(now, atMost) {
      did.push(['buckets', now, atMost])
      return 5
    },
  } as Partial<BucketStore> as BucketStore
  const places = {
    async purge(before) {
      did.push(['places', before])
      return 2
    },
  } as Partial<PlaceStore> as PlaceStore
  assert.equal(await purgeThrottle({ buckets, places, clock, atMost: 1000 })(), 7)
  assert.deepEqual(did, [
    ['buckets', clock(), 1000],
    ['places', new Date(clock().getTime() - 90 * 86_400_000)],
  ])
})
