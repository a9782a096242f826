import pg from 'pg'
import { nameOfPrepared } from './prepared.ts'

/** Since when, on the monotonic clock, a connection must have been heard of to be trusted. */
export interface Trust {
  since: number
}

/** How long, in milliseconds, a server may take to say goodbye. */
const farewell = 1_000

/**
 * The class of a client that ends itself when its server says nothing any more: else the pool would hand it on, and
 * each query on it wait in vain. What took one connection without a word may have taken all: `trust` is told.
 */
export function clientThatGivesUp(trust: Trust) {
  return class extends pg.Client {
    heardAt = performance.now()

    // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg are its own affair; all of them pass through.
    override query(...args: any[]): any {
      const sentAt = performance.now()
      const [text, values] = args
      const name = nameOfPrepared(text)
      const answer: unknown = Reflect.apply(super.query, this, name ? [{ name, text, values }] : args)
      const heard = () => {
        this.heardAt = performance.now()
      }
      if (answer instanceof Promise) {
        answer.then(heard, (error: Error) => {
          if (error.message !== 'Query read timeout') return heard()
          trust.since = Math.max(trust.since, sentAt)
          void this.end().catch(() => undefined)
        })
      }
      return answer
    }

    // biome-ignore lint/suspicious/noExplicitAny: as above.
    override end(...args: any[]): any {
      // A silent server does not close its side either, and an open socket would keep the process from ending.
      setTimeout(() => this.connection.stream.destroy(), farewell).unref()
      return Reflect.apply(super.end, this, args)
    }
  }
}

/** The next connection of the pool that is to be trusted; the others are dropped. */
export async function trusted(pool: pg.Pool, trust: Trust): Promise<pg.PoolClient> {
  for (;;) {
    const client = await pool.connect()
    if (!('heardAt' in client) || Number(client.heardAt) >= trust.since) return client
    client.release(true)
  }
}
