import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { Secret } from '../../../src/kernel/secret.ts'
import { createLog } from '../../../src/platform/log.ts'
import { connectPostgres, defaultBounds } from '../../../src/platform/postgres/database.ts'
import { databaseRefusal } from '../../../src/platform/postgres/faults.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'

describe('a server that says nothing any more', () => {
  let server: TestPostgres
  before(async () => {
    server = await startPostgres()
  })
  after(() => server.stop())

  test('costs each connection one query: the next ones go over new connections', async () => {
    const url = new URL((await server.createDatabase()).url)
    const black = new Set<Socket>()
    let swallows = false
    // Between the service and PostgreSQL: it can fall silent on what is open without closing it.
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

    const bounds = { ...defaultBounds, connections: 2, statementTimeout: 200 }
    const database = connectPostgres(new Secret(through.href), createLog('silent'), bounds)
    const ask = () => sql`SELECT 1`.execute(database)
    try {
      await Promise.all([ask(), ask()])
      swallows = true
      for (const socket of open) black.add(socket)
      const lost = await Promise.allSettled([ask(), ask()])
      for (const one of lost) {
        assert.equal(one.status, 'rejected')
        assert.equal(databaseRefusal(one.reason)?.code, 'database_unavailable')
      }
      for (let count = 0; count < 4; count++) await Promise.all([ask(), ask()])
    } finally {
      for (const socket of black) socket.destroy()
      await database.destroy()
      proxy.close()
    }
  })
})
