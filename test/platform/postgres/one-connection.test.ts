import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import { connectEmbedded } from '../../../src/platform/postgres/database.ts'
import { databaseRefusal } from '../../../src/platform/postgres/faults.ts'
import type { Database } from '../../../src/platform/postgres/tables.ts'

describe('the one connection of the embedded database', () => {
  let database: Database
  before(() => {
    database = connectEmbedded(new PGlite(), { waiting: 3, acquireTimeout: 50 })
  })
  after(() => database.destroy())

  const ask = (number: number) => sql<{ number: number }>`SELECT ${number}::int AS number`.execute(database)
  /** Holds the connection in a transaction until it is let go. */
  async function held() {
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const transaction = database.transaction().execute(async () => {
      begun.resolve()
      await end.promise
    })
    await begun.promise
    return async () => {
      end.resolve()
      await transaction
    }
  }
  const isUnavailable = (error: unknown) => databaseRefusal(error)?.code === 'database_unavailable'

  it('goes from one to the next, in the order in which they came', async () => {
    const release = await held()
    const order: number[] = []
    const asked = [1, 2, 3].map((number) => ask(number).then(() => order.push(number)))
    await release()
    await Promise.all(asked)
    assert.deepEqual(order, [1, 2, 3])
  })

  it('is waited for by so many; who comes beyond them is refused at once', async () => {
    const release = await held()
    const waiting = [1, 2, 3].map(ask)
    await assert.rejects(ask(4), isUnavailable)
    await release()
    for (const { rows } of await Promise.all(waiting)) assert.equal(rows.length, 1)
  })

  it('is waited for so long; then who waits is refused, and it serves the next as before', async () => {
    const release = await held()
    await assert.rejects(ask(1), isUnavailable)
    await release()
    assert.deepEqual((await ask(2)).rows, [{ number: 2 }])
  })

  it('is given back by a transaction that fails', async () => {
    await assert.rejects(
      database.transaction().execute(() => Promise.reject(new Error('no'))),
      /no/,
    )
    await assert.rejects(sql`SELECT nothing_there`.execute(database))
    assert.deepEqual((await ask(3)).rows, [{ number: 3 }])
  })
})
