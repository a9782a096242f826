import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { exportCommand } from '../../../src/transfer/infrastructure/export-command.ts'
import { writeExport } from '../../../src/transfer/infrastructure/export-file.ts'
import { type ImportRequest, importCommand } from '../../../src/transfer/infrastructure/import-command.ts'
import { createProgress } from '../../../src/transfer/infrastructure/progress.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-commands-'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('users import', () => {
  const asked: (ImportRequest | string)[] = []
  const said: string[] = []
  const command = importCommand(
    async (request, { onRefused, onProgress }) => {
      asked.push(request)
      await onRefused?.(7, 'unknown_hash')
      const counts = { imported: 1 } as never
      for (const done of [1000, 2000]) onProgress?.({ done, rate: 5000, part: 0.5, remaining: 1 }, counts)
      return counts
    },
    async (file) => {
      asked.push(file)
      return { users: 2 }
    },
    (line) => said.push(line),
  )

  it('understands its words', async () => {
    const report = join(folder, 'report.ndjson')
    const words = ['dump.json', '--from', 'firebase', '--keep-ids', '--dry-run', '--report', report, '--format', 'json']
    const firebase = ['--firebase-signer-key', 'c2s=', '--firebase-salt-separator', 'Bw==', '--firebase-mem-cost', '12']
    assert.deepEqual(JSON.parse(await command([...words, ...firebase])), { imported: 1 })
    assert.deepEqual(asked.splice(0), [
      {
        file: 'dump.json',
        from: 'firebase',
        format: 'json',
        keepIds: true,
        dryRun: true,
        firebase: { signerKey: 'c2s=', saltSeparator: 'Bw==', rounds: 8, memCost: 12 },
      },
    ])
    assert.equal(await readFile(report, 'utf8'), '{"line":7,"because":"unknown_hash"}\n')
    assert.equal((await stat(report)).mode & 0o777, 0o600)
    // Once a second is enough.
    assert.deepEqual(said, ['{"done":1000,"rate":5000,"part":0.5,"remaining":1}'])
  })

  it('takes a whole installation in when it is told so', async () => {
    assert.deepEqual(JSON.parse(await command(['move.ndjson', '--everything'])), { imported: { users: 2 } })
    assert.deepEqual(asked.splice(0), ['move.ndjson'])
  })

  for (const words of [
    [],
    ['dump.csv'],
    ['dump.csv', '--from', 'nowhere'],
    ['dump.csv', '--from', 'constructor'],
    ['dump.csv', 'other.csv', '--from', 'csv'],
    ['dump.csv', '--from', 'csv', '--format', 'xml'],
    ['dump.csv', '--from', 'csv', '--force'],
  ]) {
    it(`says how it is used: ${words.join(' ')}`, () =>
      assert.rejects(command(words), /^Error: Usage: latchkey users import/))
  }
})

describe('users export', () => {
  it('understands its words, and says how it is used', async () => {
    const asked: unknown[] = []
    const command = exportCommand(async (file, kind) => {
      asked.push([file, kind])
      return { users: 3 }
    })
    assert.deepEqual(JSON.parse(await command(['a.ndjson'])), { exported: { users: 3 } })
    await command(['b.ndjson', '--everything'])
    assert.deepEqual(asked, [
      ['a.ndjson', 'users'],
      ['b.ndjson', 'everything'],
    ])
    for (const words of [[], ['a', 'b'], ['a', '--all']]) await assert.rejects(command(words), /Usage/)
  })

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
