import type { Clock } from '../../kernel/clock.ts'
import type { KeyRing, LoadedKey } from '../application/ports.ts'

interface Options {
  readonly load: (known: readonly LoadedKey[]) => Promise<LoadedKey[]>
  readonly clock: Clock
}

/** The keys in memory, read for the first time before anybody gets to see them. */
export async function keyRingMemory({ load, clock }: Options): Promise<KeyRing> {
  let loaded: readonly LoadedKey[] = []
  let loadedAt = clock()
  let running: Promise<void> | null = null
  let queued: Promise<void> | null = null

  async function read(): Promise<void> {
    // From before the reading: a key that is made meanwhile may be missing.
    const startedAt = clock()
    loaded = await load(loaded)
    loadedAt = startedAt
  }

  function run(): Promise<void> {
    running = read().finally(() => {
      running = null
    })
    return running
  }

  const ring: KeyRing = {
    keys: () => loaded,
    loadedAt: () => loadedAt,
    reload() {
      if (!running) return run()
      // What runs may have looked before the change that the caller knows of: one more reading serves all who wait.
      queued ??= running
        .catch(() => undefined)
        .then(() => {
          queued = null
          return run()
        })
      return queued
    },
  }
  await ring.reload()
  return ring
}
