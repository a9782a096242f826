import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { writeExport } from '../../../src/transfer/infrastructure/export-file.ts'
import { createProgress } from '../../../src/transfer/infrastructure/progress.ts'

let folder = ''
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
})

describe('a progress', () => {
  it('has a rate, and what remains where the whole is known', () => {
    let now = 0
    const progress = createProgress(() => now)
    now = 2000
    assert.deepEqual(progress(1000, 0.25), { done: 1000, rate: 500, part: 0.25, remaining: 6 })
    assert.deepEqual(progress(1000, null), { done: 1000, rate: 500, part: null, remaining: null })
    assert.deepEqual(progress(0, 0), { done: 0, rate: 0, part: 0, remaining: null })
  })
})
