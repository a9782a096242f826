import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { OpensDatabase } from './open-database.ts'
import type { Tables } from './tables.ts'

/** Opens nothing: every query finds no rows. For who wants to know how the service is made and not what it holds. */
export const openNoDatabase: OpensDatabase = async () => {
  const database = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const pool = () => ({ total: 0, idle: 0, waiting: 0 })
  return { database, pool, where: 'nowhere', patienceMs: 0, close: () => database.destroy() }
}
