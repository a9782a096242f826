import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { hasPgbench, measureStatements } from '../../bench/run/statements.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectPostgres } from '../../src/platform/postgres/database.ts'
import { migrate } from '../../src/platform/postgres/migrator.ts'
import { startPostgres } from '../support/postgres.ts'

describe('the hot statements by themselves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-statements-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const by of ['pgbench', 'node'] as const) {
    it(`move every session that they are about, asked by ${by}`, {
      skip: by === 'pgbench' && !hasPgbench() && 'there is no pgbench',
    }, async () => {
      await using server = await startPostgres()
      await using made = await server.createDatabase()
      const database = connectPostgres(new Secret(made.url), createLog('silent'))
      await migrate(database).finally(() => database.destroy())
      // Throws where one did not.
      const rates = await measureStatements(made.url, { folder, core: null, seconds: 1 }, by)
      assert.deepEqual(
        rates.map(({ name, connections }) => [name, connections]),
        [
          ['`me`, 16 in a statement', 2],
          ['`me`, one each', 32],
          ['rotations, 16 in a statement', 2],
          ['a rotation, one each', 32],
        ],
      )
      for (const { perSecond, mean } of rates) assert.ok(perSecond > 0 && mean > 0)
    })
  }
})
