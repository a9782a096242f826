import { PGliteAdapter, PGliteDialect, type PGliteDialectConfig, PGliteDriver } from 'kysely'
import type { PoolState } from '../watch.ts'
import { tooLong, tooManyWait } from './faults.ts'

interface Bounds {
  /** How many may wait for the connection. */
  readonly waiting: number
  /** For how many milliseconds each may. */
  readonly acquireTimeout: number
}

/** The embedded database's dialect, whose one connection goes from hand to hand as those of a pool do: with bounds. */
export class OneConnectionDialect extends PGliteDialect {
  readonly #config: PGliteDialectConfig
  readonly #bounds: Bounds
  #driver: OneConnectionDriver | undefined

  constructor(config: PGliteDialectConfig, bounds: Bounds) {
    super(config)
    this.#config = config
    this.#bounds = bounds
  }

  override createDriver(): PGliteDriver {
    this.#driver = new OneConnectionDriver(this.#config, this.#bounds)
    return this.#driver
  }

  state(): PoolState {
    return this.#driver?.state() ?? { total: 1, idle: 1, waiting: 0 }
  }

  override createAdapter(): PGliteAdapter {
    return new OneConnectionAdapter()
  }
}

/** Says that there are more, for else Kysely has a queue of its own before this one, which has no bounds. */
class OneConnectionAdapter extends PGliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class OneConnectionDriver extends PGliteDriver {
  readonly #bounds: Bounds
  readonly #waiting = new Set<() => void>()
  #taken = false

  constructor(config: PGliteDialectConfig, bounds: Bounds) {
    super(config)
    this.#bounds = bounds
  }

  override async acquireConnection(): ReturnType<PGliteDriver['acquireConnection']> {
    if (this.#taken) await this.#turn()
    this.#taken = true
    return super.acquireConnection()
  }

  override async releaseConnection(): Promise<void> {
    const [next] = this.#waiting
    // It stays taken in between: whoever comes now comes after all who wait.
    if (next) next()
    else this.#taken = false
  }

  state(): PoolState {
    return { total: 1, idle: this.#taken ? 0 : 1, waiting: this.#waiting.size }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.size >= this.#bounds.waiting) throw new Error(tooManyWait)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const proceed = () => {
      this.#waiting.delete(proceed)
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      this.#waiting.delete(proceed)
      reject(new Error(tooLong))
    }, this.#bounds.acquireTimeout)
    this.#waiting.add(proceed)
    return promise
  }
}
