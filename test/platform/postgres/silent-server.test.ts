import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres, defaultBounds } from '../../../src/platform/postgres/database.ts'
import { databaseRefusal, noAnswer } from '../../../src/platform/postgres/faults.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

describe('a server that says nothing any more', () => {
  let server: TestPostgres
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.stop())

  /** Between the service and PostgreSQL: it can fall silent on what is open without closing it. */
  async function silencer() {
    const url = new URL((await server.createDatabase()).url)
    const black = new Set<Socket>()
    let swallows = false
    const proxy = createServer((client) => {
      const upstream = connect(Number(url.port), url.hostname)
      client.on('data', (data) => black.has(client) || upstream.write(data))
      upstream.on('data', (data) => black.has(client) || client.write(data))
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
      if (!swallows) open.add(client)
    })
    const open = new Set<Socket>()
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const through = new URL(url)
    through.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`

    return {
      url: through,
      fallSilent() {
        swallows = true
        for (const socket of open) black.add(socket)
      },
      close() {
        for (const socket of black) socket.destroy()
        proxy.close()
      },
    }
  }

  test('costs each connection one query: the next ones go over new connections', async () => {
    const { url, fallSilent, close } = await silencer()
    const bounds = { ...defaultBounds, connections: 2, statementTimeout: 200 }
    const database = connectPostgres(new Secret(url.href), createLog('silent'), bounds)
    const ask = () => sql`SELECT 1`.execute(database)
    try {
      await Promise.all([ask(), ask()])
      fallSilent()
      const lost = await Promise.allSettled([ask(), ask()])
      for (const one of lost) {
        assert.equal(one.status, 'rejected')
        assert.equal(databaseRefusal(one.reason)?.code, 'database_unavailable')
      }
      for (let count = 0; count < 4; count++) await Promise.all([ask(), ask()])
    } finally {
      close()
      await database.destroy()
    }
  })

  test('is none that answered in time: its connection goes on, however long ago that is', async (context) => {
    const bounds = { ...defaultBounds, connections: 1, statementTimeout: 200 }
    const database = connectPostgres(new Secret((await server.createDatabase()).url), createLog('silent'), bounds)
    const backend = async () => {
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(database)
      return rows[0]?.pid
    }
    try {
      const first = await backend()
      context.mock.timers.enable({ apis: ['setTimeout'] })
      const second = await backend()
      // More than the patience of a query, and less than after what the pool lets an idle connection go.
      context.mock.timers.tick(5_000)
      assert.deepEqual([second, await backend()], [first, first])
    } finally {
      context.mock.timers.reset()
      await database.destroy()
    }
  })

  test('can be waited for by no time that is none', async () => {
    const url = new URL((await server.createDatabase()).url)
    url.searchParams.set('query_timeout', 'soon')
    const database = connectPostgres(new Secret(url.href), createLog('silent'))
    await assert.rejects(sql`SELECT 1`.execute(database), { message: /^query_timeout in the URL/ })
    await database.destroy()
  })

  test('is waited for as long as the URL says, where it says it', { timeout: 20_000 }, async () => {
    const { url, fallSilent, close } = await silencer()
    url.searchParams.set('query_timeout', '200')
    const bounds = { ...defaultBounds, statementTimeout: 3_600_000 }
    const database = connectPostgres(new Secret(url.href), createLog('silent'), bounds)
    try {
      await sql`SELECT 1`.execute(database)
      fallSilent()
      await assert.rejects(sql`SELECT 1`.execute(database), { message: noAnswer })
    } finally {
      close()
      await database.destroy()
    }
  })
})
