import type { HashingPool } from './password-hasher.bcrypt.ts'

/** @param seconds from the call to its answer, the queue included. */
export type OnHash = (operation: 'hash' | 'verify', seconds: number, failed: boolean) => void

/** The same hasher, which tells how long each call took. A call that nobody waits for any more has failed. */
export function timedHasher(hasher: HashingPool, onHash: OnHash, now = () => performance.now()): HashingPool {
  async function timed<T>(operation: 'hash' | 'verify', work: () => Promise<T>): Promise<T> {
    const start = now()
    let failed = true
    try {
      const answer = await work()
      failed = false
      return answer
    } finally {
      onHash(operation, (now() - start) / 1000, failed)
    }
  }
  return {
    ...hasher,
    hash: (password, gone) => timed('hash', () => hasher.hash(password, gone)),
    verify: (password, stored, gone) => timed('verify', () => hasher.verify(password, stored, gone)),
  }
}
