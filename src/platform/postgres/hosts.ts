import type pg from 'pg'
import { urlOfEachHost } from '../../kernel/database-url.ts'
import { readOnly, triesElsewhere } from './faults.ts'

/** The servers of one database, of which one takes writes at a time: which one may change at any moment. */
export interface Hosts {
  /** Gives a class of clients whose every new connection goes to the host that served last. */
  readonly client: (Client: typeof pg.Client) => typeof pg.Client
  /** Rejects for a new connection to a server that is not what `target_session_attrs` asks for. */
  readonly inspect: (client: pg.ClientBase) => Promise<void>
  /** A connection by `connect`, from whichever host serves. They are tried in turn, each once. */
  readonly first: (connect: () => Promise<pg.PoolClient>) => Promise<pg.PoolClient>
}

// What libpq asks of servers that do not report it by themselves (PostgreSQL, section 32.1.2, target_session_attrs).
const questions: Readonly<Record<string, string>> = {
  'read-write': 'SHOW transaction_read_only',
  primary: 'SELECT pg_catalog.pg_is_in_recovery()',
}

/**
 * The hosts of a database's URL, in libpq's meaning with one difference: whoever served last is asked first, so that a
 * host that is gone without a word costs its time once and not at each connection.
 *
 * @param within milliseconds to reach one of them: each has its share.
 */
export function hostsOf(text: string, within: number): Hosts {
  const urls = urlOfEachHost(text) ?? []
  const question = questions[urls[0]?.searchParams.get('target_session_attrs') ?? '']
  let at = 0
  // Counts how often a server was found to refuse writes: connections from before are not trusted any more.
  let turns = 0
  const taken = new WeakMap<object, { host: number; turn: number }>()

  /** Moves on, unless somebody else has moved on already. */
  function leave(host: number | undefined): void {
    if (host === at) at = (at + 1) % urls.length
  }

  function isTrusted(client: pg.PoolClient): boolean {
    if (taken.get(client)?.turn === turns) return true
    client.release(true)
    return false
  }

  return {
    client: (Client) =>
      class extends Client {
        constructor(config: pg.ClientConfig) {
          const host = at
          super({
            ...config,
            connectionString: withLibpqTls(urls[host] as URL),
            connectionTimeoutMillis: Math.ceil(within / urls.length),
          })
          taken.set(this, { host, turn: turns })
          // The database is read-only, or its server a standby by now: so are all others of these connections.
          this.connection.on('errorMessage', ({ code }: { code?: string }) => {
            if (code !== readOnly || taken.get(this)?.turn !== turns) return
            turns++
            leave(host)
          })
        }

        // biome-ignore lint/suspicious/noExplicitAny: with a callback, as the pool calls it, or without.
        override connect(done?: (...answer: any[]) => void): any {
          if (!done) return super.connect()
          super.connect((error: Error | null, client?: pg.Client) => {
            if (error) leave(taken.get(this)?.host)
            done(error, client)
          })
        }
      },

    async inspect(client) {
      if (question === undefined) return
      const { rows } = await client.query<unknown[]>({ text: question, rowMode: 'array' })
      const answer = rows[0]?.[0]
      if (answer === 'off' || answer === false) return
      leave(taken.get(client)?.host)
      throw Object.assign(new Error('the server takes no writes: it is a standby, or read-only'), { code: readOnly })
    },

    async first(connect) {
      const errors: unknown[] = []
      for (;;) {
        try {
          const client = await connect()
          if (isTrusted(client)) return client
        } catch (error) {
          errors.push(error)
          if (!triesElsewhere(error)) throw error
          if (errors.length < urls.length) continue
          throw errors.length === 1 ? error : new AggregateError(errors, 'no host of the database serves')
        }
      }
    },
  }
}

// pg reads `require` and `prefer` as `verify-full` unless it is told to follow libpq, as every other client does.
function withLibpqTls(url: URL): string {
  const own = new URL(url)
  if (own.searchParams.has('sslmode')) own.searchParams.set('uselibpqcompat', 'true')
  return own.href
}
