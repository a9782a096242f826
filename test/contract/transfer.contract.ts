import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { acceptHash } from '../../src/accounts/domain/accept-hash.ts'
import type { Audit, AuditEvent } from '../../src/audit/index.ts'
import { opened } from '../../src/platform/postgres/transact.postgres.ts'
import { exportUsers } from '../../src/transfer/application/export-users.ts'
import { importUsers } from '../../src/transfer/application/import-users.ts'
import type { PlacedRecord } from '../../src/transfer/application/ports.ts'
import { leftTables, movedTables } from '../../src/transfer/domain/export-format.ts'
import { type SourceName, sources } from '../../src/transfer/domain/sources.ts'
import type { LineRefusal } from '../../src/transfer/domain/user-row.ts'
import { rowTablesPostgres } from '../../src/transfer/infrastructure/row-tables.postgres.ts'
import { userTablePostgres } from '../../src/transfer/infrastructure/user-table.postgres.ts'
import { newEmail, newUser, start, type World } from './world.ts'

const hash = '$pbkdf2-sha256$i=1000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const other = '$pbkdf2-sha256$i=2000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

export function transferContract(world: () => World): void {
  describe('an import', () => {
    let events: AuditEvent[]
    let refused: [number, LineRefusal][]
    const audit: Audit = {
      record: async (_, given) => void events.push(...[given].flat()),
      note: async (event) => void events.push(event),
      noteOnce: () => assert.fail(),
    }
    beforeEach(() => {
      events = []
      refused = []
    })

    async function* placed(records: readonly (object | null)[]): AsyncGenerator<PlacedRecord> {
      for (const [index, record] of records.entries()) yield { line: index + 1, record } as PlacedRecord
    }
    const bring = (
      records: readonly (object | null)[],
      { keepIds = false, dryRun = false, from = 'ndjson' as SourceName } = {},
    ) =>
      importUsers({
        users: userTablePostgres,
        audit,
        transact: world().transact,
        clock: () => start,
        acceptHash: acceptHash(12),
      })(
        placed(records),
        sources[from],
        { name: from, keepIds, dryRun, operator: null },
        { onRefused: (line, because) => void refused.push([line, because]), onBatch: () => undefined },
      )
    const rowOf = async (email: string) => {
      const { rows } = await sql<{ id: number; password_hash: string; created_at: Date; disabled_at: Date }>`
        SELECT id, password_hash, created_at, disabled_at FROM users WHERE email = ${email}`.execute(world().database)
      return rows[0]
    }

    it('stores the person with the canonical hash, the time, and whether they are disabled', async () => {
      const email = newEmail()
      const line = { email, password_hash: 'pbkdf2_sha256$1000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }
      const counts = await bring([{ ...line, created_at: '2024-05-01T10:20:30.123Z', disabled: true }])
      const { id, ...row } = (await rowOf(email)) ?? assert.fail()
      assert.deepEqual(row, {
        password_hash: hash,
        created_at: new Date('2024-05-01T10:20:30.123Z'),
        disabled_at: start,
      })
      assert.deepEqual(counts, {
        read: 1,
        imported: 1,
        alreadyThere: 0,
        passedOver: 0,
        withoutPassword: 0,
        refused: {},
        schemes: { 'pbkdf2-sha256': 1 },
        dearer: 0,
        memory: 0,
      })
      assert.equal(events.length, 1)
      assert.equal(events[0]?.kind, 'users_imported')
      assert.equal(events[0]?.subject, `from ndjson: 1 users, ids ${id} to ${id}`)
    })

    it('does all others of a batch when it refuses some, and says which and why', async () => {
      const [good, taken] = [newEmail(), newEmail()]
      await bring([{ email: taken, password_hash: hash }])
      await bring([
        null,
        { email: 'nobody' },
        { email: newEmail(), password_hash: 'plain text' },
        { email: newEmail(), password_hash: '$1$salt$digest' },
        { email: newEmail(), password_hash: '$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA' },
        { email: taken, password_hash: other },
        { email: good, password_hash: hash },
      ])
      assert.deepEqual(refused.toSorted(), [
        [1, 'malformed_line'],
        [2, 'invalid_email'],
        [3, 'malformed_hash'],
        [4, 'unknown_hash'],
        [5, 'hash_too_dear'],
        [6, 'email_taken'],
      ])
      assert.equal((await rowOf(good))?.password_hash, hash)
      assert.equal((await rowOf(taken))?.password_hash, hash)
    })

    it('run again changes nothing and refuses nobody whom it has brought', async () => {
      const lines = Array.from({ length: 2500 }, () => ({ email: newEmail(), password_hash: hash }))
      const first = await bring(lines)
      assert.deepEqual([first.imported, first.alreadyThere], [2500, 0])
      assert.equal(events.length, 3)
      const second = await bring(lines)
      assert.deepEqual([second.imported, second.alreadyThere, second.refused], [0, 2500, {}])
      assert.equal(events.length, 3)
      const ids = await Promise.all(
        [lines[0], lines[1500], lines[2499]].map(async (line) => (await rowOf(line?.email ?? ''))?.id ?? 0),
      )
      assert.ok(Number(ids[0]) < Number(ids[1]) && Number(ids[1]) < Number(ids[2]))
    })

    it('tried dry says the same and writes nothing', async () => {
      const taken = newEmail()
      await bring([{ email: taken, password_hash: hash }])
      const lines = [{ email: newEmail(), password_hash: hash }, { email: taken, password_hash: other }, null]
      const dry = await bring(lines, { dryRun: true })
      assert.equal(await rowOf(lines[0]?.email ?? ''), undefined)
      assert.equal(events.length, 1)
      const dryRefused = refused.splice(0)
      assert.deepEqual(await bring(lines), dry)
      assert.deepEqual(refused, dryRefused)
    })

    it('keeps ids when it is told to, and new people get ids behind them', async () => {
      const before = await newUser(world())
      const [kept, late, email] = [before + 5000, newEmail(), newEmail()]
      const counts = await bring(
        [
          { id: kept, email, password_hash: hash },
          { id: before, email: late, password_hash: hash },
          { email: newEmail(), password_hash: hash },
        ],
        { keepIds: true },
      )
      assert.equal(counts.imported, 1)
      assert.deepEqual(refused.toSorted(), [
        [2, 'id_taken'],
        [3, 'invalid_id'],
      ])
      assert.equal((await rowOf(email))?.id, kept)
      assert.ok((await newUser(world())) > kept)
      // Lower than what was given already: ids do not go back.
      await bring([{ id: kept - 1, email: newEmail() }], { keepIds: true })
      assert.ok((await newUser(world())) > kept + 1)
    })

    it('gives nobody the id of somebody who is gone and whom the audit log speaks of', async () => {
      const gone = await newUser(world())
      const { database } = world()
      await sql`INSERT INTO audit_events (kind, at, user_id) VALUES ('registered', ${start}, ${gone})`.execute(database)
      const line = { id: gone, email: newEmail(), password_hash: hash }
      assert.deepEqual((await bring([line], { keepIds: true })).refused, { id_taken: 1 })
      await database.deleteFrom('users').where('id', '=', gone).execute()
      for (const dryRun of [true, false]) {
        const { imported, refused } = await bring([line], { keepIds: true, dryRun })
        assert.deepEqual([imported, refused], [0, { id_spent: 1 }])
      }
      // Under another id anybody may come.
      assert.equal((await bring([line])).imported, 1)
    })

    it('of our own export loses nothing', async () => {
      const [email, bare] = [newEmail(), newEmail()]
      await bring([
        { email, password_hash: hash, created_at: '2024-05-01T10:20:30.123Z', disabled_at: '2025-05-01T10:20:30.456Z' },
        { email: bare, created_at: '2024-05-01T10:20:30.123Z' },
      ])
      const before = [await rowOf(email), await rowOf(bare)]
      const lines: string[] = []
      const tables = rowTablesPostgres(world().database)
      const counts = await exportUsers({ tables, audit, clock: () => start })(
        'users',
        { write: async (line) => void lines.push(line) },
        null,
        () => undefined,
      )
      assert.equal(counts.users, lines.length - 2)
      assert.equal(events.at(-1)?.kind, 'users_exported')
      await world().database.deleteFrom('users').where('email', 'in', [email, bare]).execute()
      const ours = lines
        .map((line) => JSON.parse(line))
        .filter((line) => line.type !== 'user' || [email, bare].includes(line.email))
      const back = await bring(ours, { from: 'latchkey', keepIds: true })
      assert.deepEqual([back.imported, back.passedOver, back.refused], [2, 2, {}])
      assert.deepEqual([await rowOf(email), await rowOf(bare)], before)
    })
  })

  describe('what moves with an installation', () => {
    it('is counted about right: where nobody has looked yet, and where more rows came since somebody did', async () => {
      const tables = rowTablesPostgres(world().database)
      await world().transact(async (transaction) => {
        const run = (statement: string) => sql.raw(statement).execute(opened(transaction))
        await run('CREATE TEMPORARY TABLE counted (n integer) ON COMMIT DROP')
        assert.equal(await tables.expected(transaction, 'counted'), 0)
        await run('INSERT INTO counted SELECT generate_series(1, 20000)')
        assert.equal(await tables.expected(transaction, 'counted'), 20_000)
        await run('ANALYZE counted')
        await run('INSERT INTO counted SELECT generate_series(1, 20000)')
        const expected = (await tables.expected(transaction, 'counted')) ?? 0
        assert.ok(expected > 39_000 && expected < 41_000, `${expected} of 40000`)
      })
    })

    it('is every table or stays behind by name', async () => {
      const { rows } = await sql<{ name: string }>`
        SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = current_schema() AND table_name NOT LIKE 'schema_%'`.execute(world().database)
      const names = rows.map(({ name }) => name)
      assert.deepEqual(names.toSorted(), [...movedTables, ...leftTables].toSorted())
    })

    it('has no column of the name that a line’s kind stands under', async () => {
      const { rows } = await sql`
        SELECT FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'type'`.execute(
        world().database,
      )
      assert.equal(rows.length, 0)
    })
  })
}
