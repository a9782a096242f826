import { Client } from 'pg'
import { startDurablePostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { type Core, pin } from './pinning.ts'
import { familyOf, parentOf } from './usage.ts'

/** Where the write-ahead log is, and how many whole pages are in it. */
export interface WalPlace {
  readonly bytes: number
  readonly fullPages: number
}

export interface BenchPostgres {
  readonly version: string
  createDatabase(): Promise<string>
  walPlace(): Promise<WalPlace>
  /** Moves it, with all connections, to other cores. */
  pin(core: Core): void
  stop(): Promise<void>
}

/** A PostgreSQL of its own with an operator's settings: it writes every commit through to the disk. */
export async function startDatabase(core: Core): Promise<BenchPostgres> {
  const server: TestPostgres = await startDurablePostgres({ autovacuum: null })
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const one = async <Row>(statement: string) => (await client.query(statement)).rows[0] as Row
  const { pid } = await one<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const parent = parentOf(pid)
  const move = (core: Core) => {
    if (parent !== null) pin(core, familyOf(parent))
  }
  move(core)
  const { version } = await one<{ version: string }>("SELECT current_setting('server_version') AS version")
  return {
    version,
    createDatabase: async () => (await server.createDatabase()).url,
    async walPlace() {
      const { bytes, pages } = await one<{ bytes: string; pages: string }>(
        "SELECT pg_current_wal_lsn() - '0/0' AS bytes, (SELECT wal_fpi FROM pg_stat_wal) AS pages",
      )
      return { bytes: Number(bytes), fullPages: Number(pages) }
    },
    pin: move,
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}
