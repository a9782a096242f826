import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startService, type TestService } from '../support/service.ts'

const lines = 4000

describe('an import beside registrations', () => {
  let service: TestService
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-race-'))
    service = await startService()
  })
  after(async () => {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  })

  const bring = async (name: string, people: readonly object[]) => {
    const file = join(folder, name)
    await writeFile(file, people.map((person) => JSON.stringify(person)).join('\n'))
    return service.service.transfer.importFile({ file, from: 'ndjson', keepIds: true, dryRun: false }, {})
  }

  it('gives no id twice and refuses no registration, whoever comes first', async () => {
    const people = Array.from({ length: lines }, (_, index) => ({ id: index + 1, email: `kept-${index}@example.com` }))
    const importing = bring('ids.ndjson', people)
    // Each throws where it is not answered with 200.
    const registered = await Promise.all(Array.from({ length: 40 }, () => service.person()))
    const counts = await importing
    const taken = counts.refused.id_taken ?? 0
    assert.equal(counts.imported + taken, lines)
    const rows = await service.query<{ id: number; email: string }>('SELECT id, email FROM users')
    assert.equal(rows.length, counts.imported + registered.length)
    for (const { id, email } of rows) if (email.startsWith('kept-')) assert.equal(email, `kept-${id - 1}@example.com`)
    await service.person()
  })

  it('lets two imports of one file bring everybody once', async () => {
    const people = Array.from({ length: lines }, (_, index) => ({
      id: 100_000 + index,
      email: `twice-${index}@example.com`,
    }))
    const [one, two] = await Promise.all([bring('one.ndjson', people), bring('two.ndjson', people)])
    assert.equal(one.imported + two.imported, lines)
    assert.equal(one.alreadyThere + two.alreadyThere, lines)
    assert.deepEqual([one.refused, two.refused], [{}, {}])
  })
})
