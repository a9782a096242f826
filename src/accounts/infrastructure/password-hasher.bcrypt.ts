import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import type { PasswordHasher } from '../application/ports.ts'
import { highestCost, isDistinct, lowestCost, type Unusable, type Verification } from './bcrypt-hash.ts'
import type { BcryptTask } from './bcrypt-worker.ts'
import { createWorkerPool } from './worker-pool.ts'

export interface PasswordHasherOptions {
  /** The logarithm of bcrypt's rounds, 4 to 15. */
  readonly cost: number
  /** One per core when not given: more would only take turns. */
  readonly workers?: number
  /** How many hashes may wait; when not given, about ten seconds' worth at cost 12, and never fewer than 64. */
  readonly maxWaiting?: number
  /** Told of every stored hash that could not be verified at all; neither the hash nor the password is in it. */
  readonly log?: (event: { readonly event: 'stored_hash_unusable'; readonly because: Unusable }) => void
}

export interface BcryptPasswordHasher extends PasswordHasher, AsyncDisposable {
  /** Starts the workers and makes each do one hash; rejects where one can't. Without it the first calls do so. */
  warmUp(): Promise<void>
  /** Turns away what waits, lets finish what runs, and ends the workers. */
  close(): Promise<void>
}

// A worker is found beside this file, as source and as build.
const worker = new URL(`./bcrypt-worker${extname(import.meta.url)}`, import.meta.url)

/** How long one round lasts on an ordinary core; a guess that holds until the first hash was measured. */
const roundMs = 0.075

/**
 * bcrypt in worker threads of the lowest priority: neither the event loop nor libuv's pool waits for a hash.
 *
 * Passwords of at most 72 bytes of UTF-8 become `$2b$`, longer ones bcrypt-sha256 version 2. Both operations reject
 * with `Refusal('overloaded')` when the queue is full. Throws a `RangeError` for a cost outside 4 to 15.
 */
export function createPasswordHasher(options: PasswordHasherOptions): BcryptPasswordHasher {
  const { cost, log, workers = availableParallelism(), maxWaiting = Math.max(64, 32 * workers) } = options
  if (!Number.isInteger(cost) || cost < lowestCost || cost > highestCost) throw new RangeError('bcrypt cost: 4 to 15')
  const pool = createWorkerPool<BcryptTask>({
    file: worker,
    size: workers,
    maxWaiting,
    expectedMs: 2 ** cost * roundMs,
  })

  return {
    async hash(password) {
      // Whoever takes passwords in refuses these with a word to the person; here it is the caller's mistake.
      if (!isDistinct(password.reveal()))
        throw new TypeError('a password with NUL or a lone surrogate cannot be hashed')
      return (await pool.run({ kind: 'hash', password: password.reveal(), cost })) as string
    },
    async verify(password, stored) {
      const answer = await pool.run({ kind: 'verify', password: password.reveal(), stored, cost })
      const { matches, outdated, unusable } = answer as Verification
      if (unusable) log?.({ event: 'stored_hash_unusable', because: unusable })
      return { matches, outdated }
    },
    async warmUp() {
      const burn: BcryptTask = { kind: 'verify', password: '', stored: null, cost }
      await Promise.all(Array.from({ length: workers }, () => pool.run(burn)))
    },
    close: pool.close,
    [Symbol.asyncDispose]: pool.close,
  }
}
