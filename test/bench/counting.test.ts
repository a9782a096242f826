import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Client } from 'pg'
import { countingWire, frontendReader } from '../../bench/run/round-trips.ts'
import { parseStat } from '../../bench/run/usage.ts'
import { startPostgres } from '../support/postgres.ts'

describe('the counting wire', () => {
  it('counts each time a client asks and waits, however it asks', async () => {
    await using server = await startPostgres()
    await using database = await server.createDatabase()
    const wire = await countingWire(database.url)
    const client = new Client({ connectionString: wire.url })
    await client.connect()
    assert.equal(wire.asked, 0, 'to connect is not to ask')
    const asked = async (act: () => Promise<unknown>) => {
      const before = wire.asked
      await act()
      return wire.asked - before
    }
    assert.equal(await asked(() => client.query('SELECT 1')), 1)
    // The first time it is parsed too, in the same trip.
    const named = { name: 'one', text: 'SELECT $1::int AS n', values: [7] }
    for (const _ of [1, 2, 3]) assert.equal(await asked(() => client.query(named)), 1)
    assert.equal(await asked(() => client.query('SELECT $1::text', ['x'.repeat(100_000)])), 1)
    const transaction = async () => {
      for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) await client.query(text)
    }
    assert.equal(await asked(transaction), 3)
    assert.deepEqual((await client.query(named)).rows, [{ n: 7 }], 'and what passes through is whole')
    await client.end()
    await wire.stop()
  })

  it('finds messages wherever the pieces are cut', () => {
    const message = (type: string, body: string) => {
      const head = Buffer.alloc(5)
      head.write(type)
      head.writeUInt32BE(4 + body.length, 1)
      return Buffer.concat([head, Buffer.from(body)])
    }
    const startup = message(' ', 'user\0postgres\0\0').subarray(1)
    const all = Buffer.concat([startup, message('P', 'SELECT 1'), message('S', ''), message('Q', 'SELECT S\0')])
    for (let cut = 1; cut < all.length; cut++) {
      const types: string[] = []
      const read = frontendReader((type) => types.push(String.fromCharCode(type)))
      read(all.subarray(0, cut))
      read(all.subarray(cut))
      assert.deepEqual(types, ['P', 'S', 'Q'], `cut at ${cut}`)
    }
  })
})

describe('what the kernel tells of a process', () => {
  it('is its parent, and its time with that of its children that have ended', () => {
    const fields = '42 (a ) odd (name) S 7 1 1 0 -1 4194304 1 2 3 4 100 20 3 1 20 0 11 0 5 1 1'
    assert.deepEqual(parseStat(fields), [{ pid: 42, parent: 7, ticks: 124 }])
  })

  it('is nothing of a process that has ended', () => {
    assert.deepEqual(parseStat(''), [])
  })
})
