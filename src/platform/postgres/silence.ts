import pg from 'pg'
import { noAnswer } from './faults.ts'
import { nameOfPrepared } from './prepared.ts'

/** Since when, on the monotonic clock, a connection must have been heard of to be trusted. */
export interface Trust {
  since: number
}

/** How long, in milliseconds, a server may take to say goodbye. */
const farewell = 1_000

/**
 * The class of a client that ends itself when its server says nothing any more: else the pool would hand it on, and
 * each query on it wait in vain. What took one connection without a word may have taken all: `trust` is told. A query
 * fails with `noAnswer` when its answer takes longer than `query_timeout`, in milliseconds; never where that is 0.
 */
export function clientThatGivesUp(trust: Trust) {
  return class extends pg.Client {
    heardAt = performance.now()
    readonly patience: number

    constructor(config: pg.ClientConfig) {
      super(config)
      // Taken over from pg, and so with what the URL says of it.
      const parameters: { query_timeout: number | string } = Reflect.get(this as object, 'connectionParameters')
      this.patience = Number(parameters.query_timeout)
      if (!(this.patience >= 0))
        throw new Error('query_timeout in the URL of the database is no number of milliseconds')
      parameters.query_timeout = 0
    }

    // The promise and the timeout are not pg's own: for each it writes `query.callback = (error, rows) => …`, and V8
    // makes a function that is assigned to a property as it is written in its old generation. From there it holds the
    // query, its rows and all who wait for them, until a collection of the whole heap, which then comes every other second.
    // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg are its own affair; none with a callback is used.
    override query(text: any, values?: any): any {
      const name = nameOfPrepared(text)
      const sentAt = performance.now()
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          trust.since = Math.max(trust.since, sentAt)
          reject(new Error(noAnswer))
          void this.end().catch(() => undefined)
        }
        const timer = this.patience > 0 ? setTimeout(giveUp, this.patience) : undefined
        const heard = (error: Error | null | undefined, result: pg.QueryResult) => {
          clearTimeout(timer)
          if (!error || error instanceof pg.DatabaseError) this.heardAt = performance.now()
          if (error) reject(error)
          else resolve(result)
        }
        // Made here with its name: pg would copy an object of text and name property by property, descriptors and all.
        if (name) super.query(Object.assign(new pg.Query(text, values, heard), { name }))
        else super.query(text, values, heard)
      })
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
