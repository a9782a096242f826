import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import promises, { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createLineFile } from '../../../src/platform/line-file.ts'
import { writeExport } from '../../../src/transfer/infrastructure/export-file.ts'

let folder = ''
/** What is left of unfinished exports to a name. */
const partsOf = (name: string) => readdirSync(folder).filter((other) => other.startsWith(`${name}.`))

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-export-'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('an export', () => {
  it('leaves nothing behind when it fails, and writes over nothing', async () => {
    const file = join(folder, 'export.ndjson')
    const before = await readdir(folder)
    const broken = writeExport(file, async (sink) => {
      await sink.write('a line')
      throw new Error('the database is gone')
    })
    await assert.rejects(broken, /the database is gone/)
    assert.deepEqual(await readdir(folder), before)
    await writeExport(file, (sink) => sink.write('a line'))
    await assert.rejects(
      writeExport(file, (sink) => sink.write('another')),
      { code: 'EEXIST' },
    )
    assert.equal(await readFile(file, 'utf8'), 'a line\n')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('has its name when it is whole, and takes it from nobody who has taken it meanwhile', async () => {
    const file = join(folder, 'late.ndjson')
    const writing = writeExport(file, async (sink) => {
      await sink.write('a line'.repeat(100_000))
      assert.equal(existsSync(file), false)
      await writeFile(file, 'another')
    })
    await assert.rejects(writing, { code: 'EEXIST' })
    assert.equal(await readFile(file, 'utf8'), 'another')
    assert.deepEqual(partsOf('late.ndjson'), [])
  })

  it('to a path that another is being written to has no part in that one: the first to end has the name', async () => {
    const file = join(folder, 'both.ndjson')
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const first = writeExport(file, async (sink) => {
      await sink.write('first '.repeat(20_000))
      await begun.promise
      await sink.write('its end')
    })
    const second = writeExport(file, async (sink) => {
      await sink.write('second '.repeat(20_000))
      begun.resolve()
      await goOn.promise
    })
    await first
    goOn.resolve()
    await assert.rejects(second, { code: 'EEXIST' })
    assert.match(await readFile(file, 'utf8'), /^(first ){20000}\nits end\n$/)
    assert.deepEqual(partsOf('both.ndjson'), [])
  })

  it('that has its name is none that failed, also where its folder can not be written through', async (t) => {
    const file = join(folder, 'unsynced.ndjson')
    const { open } = promises
    const broken = (path: string, ...how: [string, number]) =>
      path === folder ? Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' })) : open(path, ...how)
    const { mock } = t.mock.method(promises, 'open', broken as typeof open)
    syncBuiltinESMExports()
    try {
      await writeExport(file, (sink) => sink.write('a line'))
    } finally {
      mock.restore()
      syncBuiltinESMExports()
    }
    assert.deepEqual(mock.calls.filter(({ arguments: [path] }) => path === folder).length, 1)
    assert.equal(await readFile(file, 'utf8'), 'a line\n')
    assert.deepEqual(partsOf('unsynced.ndjson'), [])
  })

  it('that can not be begun says why', async () => {
    const nowhere = join(folder, 'missing', 'export.ndjson')
    await assert.rejects(
      writeExport(nowhere, async () => assert.fail()),
      ({ message }) =>
        message.startsWith(`${nowhere}.`) &&
        /^\.[\da-f]{12}\.part can not be written: ENOENT\.$/.test(message.slice(nowhere.length)),
    )
  })
})

describe('a file of lines', { skip: !existsSync('/dev/full') && 'there is no disk that is full' }, () => {
  it('on a full disk says so, to who writes or to who ends it, and ends no process', async () => {
    const full = { message: '/dev/full can not be written: ENOSPC.' }
    const large = await createLineFile('/dev/full', 'anew')
    await assert.rejects(large.write('x'.repeat(100_000)), full)
    await large.abandon()
    const small = await createLineFile('/dev/full', 'anew')
    await small.write('x')
    await assert.rejects(small.end(), full)
    await small.abandon()
  })
})
