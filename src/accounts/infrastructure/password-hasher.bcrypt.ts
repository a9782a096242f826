import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Secret } from '../../kernel/secret.ts'
import type { PasswordHasher } from '../application/ports.ts'
import { highestCost, lowestCost } from '../domain/bcrypt-hash.ts'
import { mostMemory } from '../domain/foreign-hash.ts'
import type { Unusable } from '../domain/stored-hash.ts'
import { isDistinct, memoryOf, type Verification, workOf } from './bcrypt-hash.ts'
import type { BcryptTask } from './bcrypt-worker.ts'
import { createWorkerPool } from './worker-pool.ts'

export interface PasswordHasherOptions {
  /** The logarithm of bcrypt's rounds, 4 to 15. */
  readonly cost: number
  /** One per core when not given: more would only take turns. */
  readonly workers?: number
  /** Within how many milliseconds a call should be answered; who would wait for longer is refused at once. */
  readonly deadlineMs: number
  /** Told of every stored hash that could not be verified at all; neither the hash nor the password is in it. */
  readonly log?: (event: { readonly event: 'stored_hash_unusable'; readonly because: Unusable }) => void
}

/** A hasher with a queue before it, in this process or in another. */
export interface HashingPool extends PasswordHasher, AsyncDisposable {
  /** Rejects with `Refusal('overloaded')` where a call at this moment would: before anything else is done for nothing. */
  expectRoom(): Promise<void>
  /** Of any password: the use cases know this by its port, which takes accepted ones alone. */
  hash(password: Secret, gone?: AbortSignal): Promise<string>
  /** How many calls wait and how many are hashed at this moment; null where that is another process's to know. */
  state(): { readonly waiting: number; readonly running: number } | null
  /** Rejects where bcrypt can't be loaded or does not work, which the first call would find out otherwise. */
  tryOut(): Promise<void>
  /** Turns away what waits, lets finish what runs, and ends the workers. */
  close(): Promise<void>
}

// A worker is found beside this file, as source and as build.
const file = new URL(`./bcrypt-worker${extname(import.meta.url)}`, import.meta.url)

/** A worker holds some megabytes, and is there again in a tenth of the time that a hash takes. */
const idleMs = 30_000

/** How long one round lasts on an ordinary core; a guess that holds until the first hash was measured. */
const roundMs = 0.075

/**
 * bcrypt in worker threads of the lowest priority: neither the event loop nor libuv's pool waits for a hash.
 *
 * Passwords of at most 72 bytes of UTF-8 become `$2b$`, longer ones bcrypt-sha256 version 2. Both operations reject
 * with `Refusal('overloaded')` when they could not be done within the deadline. Throws a `RangeError` for a cost outside 4 to 15.
 */
export function createPasswordHasher(options: PasswordHasherOptions): HashingPool {
  const { cost, log, deadlineMs, workers = availableParallelism() } = options
  if (!Number.isInteger(cost) || cost < lowestCost || cost > highestCost) throw new RangeError('bcrypt cost: 4 to 15')
  const pool = createWorkerPool<BcryptTask>({
    // Without the process's own flags: some of them (`--input-type`, `--test`) speak of its main module.
    start: () => new Worker(file, { execArgv: [] }),
    size: workers,
    deadlineMs,
    expectedMs: 2 ** cost * roundMs,
    idleMs,
    // However many cores there are, all checks together hold no more than the dearest one.
    memory: { of: (task) => (task.kind === 'verify' ? memoryOf(task.stored) : 0), most: mostMemory },
    work: (task) => (task.kind === 'verify' ? workOf(task.stored, task.cost) : 1),
  })

  return {
    expectRoom: async () => pool.expectRoom(),
    async hash(password, gone) {
      // Whoever takes passwords in refuses these with a word to the person; here it is the caller's mistake.
      if (!isDistinct(password.reveal()))
        throw new TypeError('a password with NUL or a lone surrogate cannot be hashed')
      return (await pool.run({ kind: 'hash', password: password.reveal(), cost }, gone)) as string
    },
    async verify(password, stored, gone) {
      const answer = await pool.run({ kind: 'verify', password: password.reveal(), stored, cost }, gone)
      const { matches, outdated, unusable } = answer as Verification
      if (unusable) log?.({ event: 'stored_hash_unusable', because: unusable })
      return { matches, outdated }
    },
    async tryOut() {
      // A millisecond on this thread, where a worker would take 40 and some megabytes before anybody needs it.
      const { nativeBcrypt } = await import('./bcrypt-native.ts')
      nativeBcrypt.hash('', nativeBcrypt.salt(lowestCost))
    },
    state: pool.state,
    close: pool.close,
    [Symbol.asyncDispose]: pool.close,
  }
}
