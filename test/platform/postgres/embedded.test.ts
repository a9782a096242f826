import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fsyncSync, readlinkSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openEmbedded, tendEmbedded } from '../../../src/platform/postgres/embedded.ts'
import { EmbeddedStopped } from '../../../src/platform/postgres/embedded-stopped.ts'

const self = fileURLToPath(import.meta.url)

// As a child, this file is a process that will be killed while it writes, or while it creates its database.
const [task, place] = process.argv.slice(2)
if (process.send && task === 'write' && place) {
  const database = await openEmbedded(place)
  for (let row = 1; process.connected; row++) {
    await database.query('INSERT INTO acknowledged VALUES ($1)', [row])
    process.send(row)
  }
  process.exit()
} else if (process.send && task === 'create' && place) {
  process.on('disconnect', () => process.exit())
  await openEmbedded(place)
  process.send('created')
} else {
  describe('the embedded database', suite)
}

function suite() {
  let root: string
  let pristine: string
  let count = 0
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'latchkey-embedded-'))
    pristine = join(root, 'pristine')
    const database = await openEmbedded(pristine)
    await database.close()
  })
  after(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))

  /** A copy of one new database, for creating each anew takes seconds. */
  async function fresh(): Promise<string> {
    const directory = join(root, String(count++))
    await cp(pristine, directory, { recursive: true })
    return directory
  }

  it('creates its files for their owner alone, and leaves nothing half-made beside them', async () => {
    assert.deepEqual(await readdir(pristine), ['postgres'])
    if (process.platform !== 'win32') assert.equal((await stat(join(pristine, 'postgres'))).mode & 0o777, 0o700)
  })

  it('keeps its data when it is closed and opened again', async () => {
    const directory = await fresh()
    {
      await using database = await openEmbedded(directory)
      await database.exec("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')")
    }
    await using database = await openEmbedded(directory)
    assert.deepEqual((await database.query('SELECT word FROM kept')).rows, [{ word: 'still here' }])
  })

  it('writes every commit through to the write-ahead log on the disk before it acknowledges it', async () => {
    const synced: string[] = []
    const fsync = (descriptor: number) => {
      fsyncSync(descriptor)
      synced.push(process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${descriptor}`) : 'pg_wal')
    }
    await using database = await openEmbedded(await fresh(), { fsyncSync: fsync })
    await database.exec('CREATE TABLE counted (id int)')
    for (let row = 0; row < 10; row++) {
      synced.length = 0
      await database.query('INSERT INTO counted VALUES ($1)', [row])
      assert.ok(
        synced.some((path) => path.includes('pg_wal')),
        `commit ${row} was not synced`,
      )
    }
    synced.length = 0
    await database.transaction(async (transaction) => {
      for (let row = 0; row < 10; row++) await transaction.query('INSERT INTO counted VALUES ($1)', [row])
      assert.deepEqual(synced, [], 'nothing is promised before the commit')
    })
    assert.ok(synced.length > 0)
  })

  it('writes tables and folders through at a checkpoint', { skip: process.platform !== 'linux' }, async () => {
    const synced = new Set<string>()
    const directory = await fresh()
    const fsync = (descriptor: number) => {
      fsyncSync(descriptor)
      synced.add(readlinkSync(`/proc/self/fd/${descriptor}`).slice(directory.length + '/postgres/'.length))
    }
    await using database = await openEmbedded(directory, { fsyncSync: fsync })
    await database.exec('CREATE TABLE flushed (id int); INSERT INTO flushed VALUES (1)')
    const { rows } = await database.query<{ path: string }>("SELECT pg_relation_filepath('flushed') AS path")
    await database.exec('CHECKPOINT')
    for (const path of [rows[0]?.path ?? '', 'global/pg_control', 'pg_xact']) {
      assert.ok(synced.has(path), `${path} not among ${[...synced].join(', ')}`)
    }
  })

  it('has every acknowledged row after the process was killed while it wrote', async () => {
    const directory = await fresh()
    {
      await using database = await openEmbedded(directory)
      await database.exec('CREATE TABLE acknowledged (id int PRIMARY KEY)')
    }
    for (const rounds of [20, 40]) {
      const child = fork(self, ['write', directory], { execArgv: [] })
      let acknowledged = 0
      let received = 0
      const exit = once(child, 'exit')
      child.on('message', (row) => {
        acknowledged = Number(row)
        if (++received === rounds) child.kill('SIGKILL')
      })
      await exit
      assert.ok(received >= rounds)
      await using database = await openEmbedded(directory)
      const { rows } = await database.query<{ last: number; all: number }>(
        'SELECT max(id) AS last, count(*) AS all FROM acknowledged',
      )
      assert.ok(rows[0])
      assert.equal(rows[0].last, rows[0].all, 'no gaps')
      assert.ok(rows[0].last >= acknowledged, `${acknowledged} were acknowledged, ${rows[0].last} are there`)
      await database.exec('TRUNCATE acknowledged')
    }
  })

  it('starts anew when its creation was interrupted', async () => {
    const directory = join(root, 'interrupted')
    await mkdir(directory)
    const child = fork(self, ['create', directory], { execArgv: [] })
    const exit = once(child, 'exit')
    while (!(await readdir(directory)).includes('postgres.new')) await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await exit
    assert.deepEqual(await readdir(directory), ['postgres.new'], 'the child was to be killed before it was done')
    // The worst of its possible states: it looks like a database, and is none.
    await writeFile(join(directory, 'postgres.new', 'PG_VERSION'), '18\n')

    await using database = await openEmbedded(directory)
    assert.deepEqual((await database.query('SELECT 1 AS one')).rows, [{ one: 1 }])
    assert.deepEqual(await readdir(directory), ['postgres'])
  })

  it('refuses a folder that is no sound database, and leaves it as it is', async () => {
    const directory = join(root, 'unsound')
    await mkdir(join(directory, 'postgres'), { recursive: true })
    await writeFile(join(directory, 'postgres', 'PG_VERSION'), '18\n')
    await assert.rejects(openEmbedded(directory), /The embedded database in .*unsound.postgres can't be opened/)
    assert.deepEqual(await readdir(directory), ['postgres'])
  })

  it('goes on after ordinary errors', async () => {
    await using database = await openEmbedded(await fresh())
    await database.exec('CREATE TABLE single (id int PRIMARY KEY); INSERT INTO single VALUES (1)')
    for (const [statement, code] of [
      ['INSERT INTO single VALUES (1)', '23505'],
      ['SELECT 1 / 0', '22012'],
      ['SELEKT', '42601'],
      ['INSERT INTO nowhere VALUES (1)', '42P01'],
    ] as const) {
      await assert.rejects(database.query(statement), { code })
      await assert.rejects(
        database.transaction((transaction) => transaction.query(statement)),
        { code },
      )
    }
    assert.deepEqual((await database.query('SELECT id FROM single')).rows, [{ id: 1 }])
  })

  it('stops for good, and says so, when the disk fails under a commit; the next start recovers', async () => {
    const directory = await fresh()
    let failing = false
    const fsync = (descriptor: number) => {
      if (failing) throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
      fsyncSync(descriptor)
    }
    const told: EmbeddedStopped[] = []
    const database = await openEmbedded(directory, { fsyncSync: fsync, onStopped: (reason) => told.push(reason) })
    await database.exec('CREATE TABLE survived (id int); INSERT INTO survived VALUES (1)')
    failing = true
    await assert.rejects(database.query('INSERT INTO survived VALUES (2)'), EmbeddedStopped)
    failing = false
    await assert.rejects(database.query('SELECT 1'), /has stopped .* PANIC: {2}could not fsync file/)
    await database.close()
    assert.equal(told.length, 1)

    await using again = await openEmbedded(directory)
    const { rows } = await again.query<{ id: number }>('SELECT id FROM survived ORDER BY id')
    assert.deepEqual(rows[0], { id: 1 })
  })

  it('keeps its write-ahead log and its tables small when it is tended', async () => {
    const directory = await fresh()
    await using database = await openEmbedded(directory)
    await database.exec(
      'CREATE TABLE busy (id int, word text); INSERT INTO busy SELECT i FROM generate_series(1, 2000) i',
    )
    const size = async () => {
      const { rows } = await database.query<{ size: number }>("SELECT pg_relation_size('busy') AS size")
      return rows[0]?.size ?? 0
    }
    const rewrite = async () => {
      await database.exec("UPDATE busy SET word = repeat('x', 1000)")
      await tendEmbedded(database)
    }
    await rewrite()
    await rewrite()
    const settled = await size()
    for (let round = 0; round < 5; round++) await rewrite()
    assert.ok((await size()) <= settled * 1.1, 'dead rows are used again')
    const { rows } = await database.query<{ behind: number }>(
      'SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::bigint AS behind FROM pg_control_checkpoint()',
    )
    assert.ok((rows[0]?.behind ?? Number.POSITIVE_INFINITY) < 100_000, 'a checkpoint was written')
  })

  it('gives bigint as a number, timestamptz as a Date, bytea as a Buffer', async () => {
    await using database = await openEmbedded(await fresh())
    const moment = new Date('2026-11-22T12:34:56.789Z')
    const { rows } = await database.query(
      `SELECT 9007199254740991::bigint AS most, (-9007199254740991)::bigint AS least, count(*) AS count,
         ARRAY[1, 2]::bigint[] AS several, NULL::bigint AS none,
         $1::timestamptz AS moment, $2::bytea AS bytes, ''::bytea AS empty, '1.10'::numeric AS exact`,
      [moment, Buffer.from([0, 1, 254, 255])],
    )
    assert.deepEqual(rows, [
      {
        most: Number.MAX_SAFE_INTEGER,
        least: -Number.MAX_SAFE_INTEGER,
        count: 1,
        several: [1, 2],
        none: null,
        moment,
        bytes: Buffer.from([0, 1, 254, 255]),
        empty: Buffer.alloc(0),
        exact: '1.10',
      },
    ])
  })

  it('throws rather than give another number than the bigint that is stored', async () => {
    await using database = await openEmbedded(await fresh())
    for (const bigint of ['9007199254740992', '-9007199254740992', '9223372036854775807']) {
      await assert.rejects(database.query(`SELECT ${bigint}::bigint`), RangeError)
    }
    assert.deepEqual((await database.query('SELECT 1::bigint AS one')).rows, [{ one: 1 }])
  })
}
