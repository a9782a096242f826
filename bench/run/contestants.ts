import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Account, Adapter, Place, Session } from '../adapter.ts'
import type { BenchPostgres } from './database.ts'
import { freePort } from './free-port.ts'
import { seedAccounts, seedSessions } from './seed.ts'
import { startServer } from './server.ts'

/** A server in the race, with its tables, the sessions that are open on it and those who may log in. */
export interface Contestant {
  readonly adapter: Adapter
  readonly file: string
  readonly place: Place
  /** As the last round has left them. */
  sessions: readonly Session[]
  accounts: readonly Account[]
}

/** Each account is asked in turn, so that no login waits for another of the same person. */
const accountsToLogIn = 8

export async function loadAdapter(file: string): Promise<Adapter> {
  const { adapter } = (await import(pathToFileURL(file).href)) as { adapter?: Adapter }
  if (!adapter?.name || !adapter.calls) throw new Error(`${file} exports no adapter`)
  return adapter
}

/** Makes a database, tables, sessions and accounts for one server. */
export async function enter(
  { adapter, file }: { adapter: Adapter; file: string },
  postgres: BenchPostgres,
  { folder, sessions, accounts }: { folder: string; sessions: number; accounts: boolean },
): Promise<Contestant> {
  const place: Place = {
    host: '127.0.0.1',
    port: await freePort(),
    databaseUrl: await postgres.createDatabase(),
    folder: join(folder, adapter.name),
  }
  mkdirSync(place.folder, { recursive: true })
  await adapter.prepare?.(place)
  const contestant: Contestant = { adapter, file, place, sessions: [], accounts: [] }
  const cheap = await startServer(adapter, place, null, adapter.seedingEnv)
  try {
    contestant.sessions = await seedSessions(adapter, place, sessions)
  } finally {
    await cheap.stop()
  }
  if (!accounts) return contestant
  const server = await startServer(adapter, place, null)
  try {
    contestant.accounts = await seedAccounts(adapter, place, accountsToLogIn, 'login')
  } finally {
    await server.stop()
  }
  return contestant
}
