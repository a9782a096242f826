import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { verifyChain } from '../../src/audit/application/verify-chain.ts'
import { genesis, type Seal, sealNext } from '../../src/audit/domain/chain.ts'
import { describeVerdict } from '../../src/audit/domain/verdict.ts'
import type { AuditEvent } from '../../src/audit/index.ts'
import { chainReaderPostgres } from '../../src/audit/infrastructure/chain-reader.postgres.ts'
import { chainStorePostgres } from '../../src/audit/infrastructure/chain-store.postgres.ts'
import { cryptoCheckpointSigner } from '../../src/audit/infrastructure/checkpoint-signer.crypto.ts'
import { sha256 } from '../../src/audit/infrastructure/digest.crypto.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createLog } from '../../src/platform/log.ts'
import { auditOn } from '../support/audit.ts'
import { testClock } from '../support/clock.ts'
import type { World } from './world.ts'

const day = 86_400
const tables = ['audit_events', 'audit_whence', 'audit_unsealed', 'audit_seals', 'audit_checkpoints']

export function auditChainContract(world: () => World): void {
  /** Runs statements as somebody who has switched the triggers off, as the owner of a database may. */
  const tamper = (...statements: string[]) =>
    world()
      .database.connection()
      .execute(async (connection) => {
        for (const statement of [
          'SET session_replication_role = replica',
          ...statements,
          'RESET session_replication_role',
        ])
          await sql.raw(statement).execute(connection)
      })

  const refused = (statement: string) =>
    assert.rejects(sql.raw(statement).execute(world().database), /is append-only/, statement)

  const clock = testClock()
  const userId = 7 as UserId
  const event = (number: number): AuditEvent => ({
    kind: 'logged_in',
    at: clock(),
    userId,
    sessionId: randomUUID() as SessionId,
    // The last of each four came from nowhere.
    caller: number % 4 === 0 ? null : { ip: '192.0.2.1', userAgent: 'curl/8', requestId: 'a'.repeat(32) },
    subject: `event ${number}`,
  })

  /** An empty log, and a process that writes to it; `checkpoints` are the lines that its own log bears. */
  async function fresh(retention = 400 * day) {
    await tamper(`TRUNCATE ${tables.join(', ')} RESTART IDENTITY`)
    const checkpoints: string[] = []
    const write = (line: string) => {
      const { checkpoint } = JSON.parse(line)
      if (checkpoint) checkpoints.push(checkpoint)
    }
    const seed = new Secret(randomBytes(32))
    const { database, transact } = world()
    const start = (given: Partial<Parameters<typeof auditOn>[1]> = {}) =>
      auditOn(database, { transact, clock, retention, seed, log: createLog('info', { write }), ...given })
    const running = start()
    const add = async (from: number, to: number) => {
      for (let number = from; number <= to; number++) await running.audit.note(event(number))
    }
    return { ...running, checkpoints, seed, start, add }
  }

  /** Twelve events; every four of them are signed by a checkpoint. */
  async function twelve() {
    const log = await fresh()
    for (const from of [1, 5, 9]) {
      await log.add(from, from + 3)
      await log.seal({ final: true })
    }
    return log
  }

  const text = async (log: { verify(checkpoint?: string): Promise<{ text: string }> }, checkpoint?: string) =>
    (await log.verify(checkpoint)).text

  describe('the chain over the audit events', () => {
    it('holds each event once, in order, and is intact', async () => {
      const log = await twelve()
      assert.deepEqual(await log.verify(), {
        intact: true,
        text: '12 events, positions 1 to 12, intact; 0 not yet sealed.\n3 checkpoints; 0 events after the last one.',
      })
      assert.equal(log.checkpoints.length, 3)
      for (const checkpoint of log.checkpoints) assert.ok((await log.verify(checkpoint)).intact)
    })

    it('is intact while events wait for their places', async () => {
      const log = await fresh()
      await log.add(1, 2)
      assert.match(await text(log), /^0 events, intact; 2 not yet sealed/)
      await log.seal()
      assert.match(await text(log), /^2 events, positions 1 to 2, intact; 0 not yet sealed/)
    })

    it('tells how many events wait for their places, and since when the first does', async () => {
      const { lag, seal, add } = await fresh()
      assert.deepEqual(await lag(), { unsealed: 0, oldest: 0 })
      await add(1, 2)
      clock.advance(30)
      await add(3, 3)
      assert.deepEqual(await lag(), { unsealed: 3, oldest: 30 })
      await seal()
      assert.deepEqual(await lag(), { unsealed: 0, oldest: 0 })
    })

    it('is signed after a minute, if there is anything new, and after a thousand events', async () => {
      const log = await fresh()
      await log.add(1, 1)
      await log.seal()
      assert.equal(log.checkpoints.length, 1)
      clock.advance(59)
      await log.add(2, 2)
      await log.seal()
      assert.equal(log.checkpoints.length, 1)
      assert.match(await text(log), /1 checkpoints; 1 events after the last one/)
      clock.advance(1)
      await log.seal()
      assert.equal(log.checkpoints.length, 2)
      clock.advance(600)
      await log.seal()
      assert.equal(log.checkpoints.length, 2)
      const many = Array.from({ length: 2600 }, (_, index) => event(index + 3))
      clock.advance(-600)
      await world().transact((transaction) => log.audit.record(transaction, many))
      await log.seal()
      assert.equal(log.checkpoints.length, 4)
      assert.match(await text(log), /^2602 events, .*\n4 checkpoints; 600 events after/)
    })

    it('goes on where another process has left it', async () => {
      const log = await fresh()
      const other = log.start()
      for (let round = 0; round < 3; round++) {
        await log.add(1, 2)
        await log.seal()
        await log.add(3, 3)
        await other.seal({ final: true })
      }
      assert.match(await text(other), /^9 events, positions 1 to 9, intact/)
    })
  })

  describe('an audit log', () => {
    it('refuses every change, whatever the statement, but the pruning of its oldest rows', async () => {
      await twelve()
      for (const [table, column] of [
        ['audit_events', 'kind'],
        ['audit_whence', 'ip'],
        ['audit_seals', 'hash'],
        ['audit_checkpoints', 'key_id'],
      ]) {
        await refused(`UPDATE ${table} SET ${column} = ${column}`)
      }
      for (const table of ['audit_events', 'audit_seals', 'audit_checkpoints']) await refused(`DELETE FROM ${table}`)
      for (const table of tables) await refused(`TRUNCATE ${table}`)
    })

    /** A checkpoint that nobody signed, after which the chain would begin at `from`. */
    const forge = (number: number, position: number, from: number) =>
      `INSERT INTO audit_checkpoints VALUES
        (${number}, ${position}, sha256(''), ${number}, ${from}, sha256(''), now(), 'another', sha256(''))`
    const inOne = (...statements: string[]) =>
      world().transact(async (transaction) => {
        for (const statement of statements) await sql.raw(statement).execute(transaction as never)
      })

    it('lets go of what lies before its newest checkpoint’s beginning, as a whole, and of nothing else', async () => {
      await twelve()
      for (const statement of [
        'DELETE FROM audit_events WHERE id = 5',
        'DELETE FROM audit_seals WHERE position = 5',
        'DELETE FROM audit_seals WHERE position IN (1, 3)',
        'DELETE FROM audit_checkpoints WHERE number = 2',
        'DELETE FROM audit_checkpoints WHERE number = 4',
        `INSERT INTO audit_seals VALUES (500, 500, sha256('')), (4, 4, sha256('')) ON CONFLICT DO NOTHING`,
      ]) {
        await assert.rejects(inOne(forge(4, 12, 5), statement), /is append-only/, statement)
      }
      await inOne(
        forge(4, 12, 5),
        'DELETE FROM audit_events WHERE id < 5',
        'DELETE FROM audit_seals WHERE position < 5',
        'DELETE FROM audit_checkpoints WHERE position < 5',
      )
      await refused('DELETE FROM audit_events WHERE id = 6')
      await refused(`INSERT INTO audit_seals VALUES (1, 500, sha256(''))`)
    })

    for (const [what, position, from] of [
      ['wiped', 0, 500],
      ['cut off at its front', 9, 9],
    ] as const) {
      it(`can not be ${what} by the application’s role but for a checkpoint that nobody signed, which is told of`, async () => {
        const log = await twelve()
        await inOne(
          forge(4, position, from),
          `DELETE FROM audit_whence WHERE event_id < ${from}`,
          `DELETE FROM audit_events WHERE id < ${from}`,
          `DELETE FROM audit_seals WHERE position < ${from}`,
          `DELETE FROM audit_checkpoints WHERE number < 4 AND position < ${from}`,
        )
        await refused('DELETE FROM audit_checkpoints WHERE number = 4')
        assert.equal((await log.verify()).intact, false)
        // Nor does a service that comes new sign what is left.
        await log.add(13, 13)
        await assert.rejects(log.start().seal({ final: true }), /checkpoint 4 bears no good signature/)
        assert.match(await text(log), /checkpoint 4: the checkpoint bears no good|at position 1: the row is missing/)
      })
    }

    it('is not misled by a temporary table under the name of one of its own', async () => {
      await twelve()
      await world()
        .database.connection()
        .execute(async (connection) => {
          const run = (statement: string) => sql.raw(statement).execute(connection)
          await run('CREATE TEMP TABLE audit_checkpoints (number bigint, from_position bigint)')
          try {
            await run('INSERT INTO audit_checkpoints VALUES (500, 500)')
            await assert.rejects(run('DELETE FROM audit_events'), /is append-only/)
            await assert.rejects(run('DELETE FROM audit_seals'), /is append-only/)
          } finally {
            await run('DROP TABLE pg_temp.audit_checkpoints')
          }
        })
    })
  })

  /** What somebody did to the rows behind the triggers' back, and what the verification says. */
  const tamperings: readonly [name: string, statements: readonly string[], says: RegExp][] = [
    ...[1, 5, 12].flatMap((id): [string, string[], RegExp][] => [
      ...[
        `at = at + interval '1 microsecond'`,
        `at = 'infinity'`,
        `kind = 'logged_out'`,
        'user_id = 9223372036854775807',
        'user_id = NULL',
        'session_id = gen_random_uuid()',
        `subject = 'event'`,
        'subject = NULL',
        `request_id = 'b'`,
        `whence_digest = sha256('')`,
      ].map((change): [string, string[], RegExp] => [
        `event ${id} set to ${change}`,
        [`UPDATE audit_events SET ${change} WHERE id = ${id}`],
        new RegExp(`at position ${id}, event ${id}: the event or its place was altered`),
      ]),
      [
        `event ${id} under another id`,
        ['ALTER TABLE audit_events ALTER id DROP IDENTITY', `UPDATE audit_events SET id = 500 WHERE id = ${id}`],
        new RegExp(`at position ${id}, event ${id}: the event is missing`),
      ],
      [
        `event ${id} deleted`,
        [`DELETE FROM audit_events WHERE id = ${id}`],
        new RegExp(`at position ${id}, event ${id}: the event is missing`),
      ],
      [
        `the hash at position ${id} changed`,
        [`UPDATE audit_seals SET hash = sha256('') WHERE position = ${id}`],
        new RegExp(`at position ${id}, event ${id}: the event or its place was altered`),
      ],
      [
        `position ${id} given to an event that never was`,
        [`UPDATE audit_seals SET event_id = 500 WHERE position = ${id}`],
        new RegExp(`at position ${id}, event 500: the event is missing`),
      ],
    ]),
    [
      'personal data put to an event that came from nowhere',
      [`INSERT INTO audit_whence VALUES (4, '192.0.2.9', NULL, '')`],
      /at position 4, event 4: whence the event came was altered/,
    ],
    ...[`ip = '192.0.2.9'`, 'user_agent = NULL', `salt = sha256('')`].map((change): [string, string[], RegExp] => [
      `whence set to ${change}`,
      [`UPDATE audit_whence SET ${change} WHERE event_id = 6`],
      /at position 6, event 6: whence the event came was altered/,
    ]),
    [
      'an event deleted in the middle, seal and all',
      ['DELETE FROM audit_events WHERE id = 6', 'DELETE FROM audit_seals WHERE position = 6'],
      /at position 6: the row is missing/,
    ],
    [
      'the front cut off, checkpoint and all',
      [
        'DELETE FROM audit_events WHERE id < 5',
        'DELETE FROM audit_seals WHERE position < 5',
        'DELETE FROM audit_checkpoints WHERE number = 1',
      ],
      /at position 1: the row is missing/,
    ],
    [
      'the end cut off, the checkpoint left',
      ['DELETE FROM audit_events WHERE id > 10', 'DELETE FROM audit_seals WHERE position > 10'],
      /at position 11, checkpoint 3: .* truncated/,
    ],
    [
      'all cut off, the checkpoints left',
      ['DELETE FROM audit_events', 'DELETE FROM audit_seals'],
      /at position 1, checkpoint 3: .* truncated/,
    ],
    [
      'two events with each other’s places',
      [
        'UPDATE audit_seals SET event_id = 500 WHERE position = 6',
        'UPDATE audit_seals SET event_id = 6 WHERE position = 8',
        'UPDATE audit_seals SET event_id = 8 WHERE position = 6',
      ],
      /at position 6, event 8: the event or its place was altered/,
    ],
    [
      'two seals with each other’s positions',
      [
        'UPDATE audit_seals SET position = 500 WHERE position = 6',
        'UPDATE audit_seals SET position = 6 WHERE position = 7',
        'UPDATE audit_seals SET position = 7 WHERE position = 500',
      ],
      /at position 6, event 7: the event or its place was altered/,
    ],
    [
      'an event inserted',
      [`INSERT INTO audit_events (id, at, kind) OVERRIDING SYSTEM VALUE VALUES (600, now(), 'logged_in')`],
      /at event 600: .* inserted/,
    ],
    [
      'an event inserted with a seal',
      [
        `INSERT INTO audit_events (id, at, kind) OVERRIDING SYSTEM VALUE VALUES (600, now(), 'logged_in')`,
        `INSERT INTO audit_seals VALUES (13, 600, sha256(''))`,
      ],
      /at position 13, event 600: the event or its place was altered/,
    ],
    [
      'a waiting event deleted',
      ['INSERT INTO audit_unsealed VALUES (600)'],
      /at event 600: the event is missing that waits/,
    ],
    ...[
      'number = 500',
      'number = 4',
      'position = 7',
      'position = 0',
      'position = 500',
      `hash = sha256('')`,
      'from_number = 2',
      'from_position = 2',
      `anchor_hash = sha256('')`,
      `at = at + interval '1 microsecond'`,
      `key_id = 'another'`,
      `signature = sha256('')`,
    ].flatMap((change): [string, string[], RegExp][] =>
      (/^number = 4|^key_id/.test(change) ? [3] : [2, 3]).map((number) => [
        `checkpoint ${number} set to ${change}`,
        [`UPDATE audit_checkpoints SET ${change} WHERE number = ${number}`],
        /checkpoint (\d+): the checkpoint (bears no good signature|is missing)/,
      ]),
    ),
    ...[1, 2].map((number): [string, string[], RegExp] => [
      `checkpoint ${number} removed`,
      [`DELETE FROM audit_checkpoints WHERE number = ${number}`],
      new RegExp(`checkpoint ${number}: the checkpoint is missing`),
    ]),
    [
      'all removed from a database that was in use',
      [
        ...tables.map((table) => `DELETE FROM ${table}`),
        'DELETE FROM signing_keys',
        `INSERT INTO users (email, created_at) VALUES ('in-use@example.com', now())`,
      ],
      /nothing is on record/,
    ],
  ]

  describe('the verification of the audit log names what was tampered with', () => {
    let log: Awaited<ReturnType<typeof twelve>>
    before(async () => {
      log = await twelve()
    })

    /** The verdict on the log as it is after `statements`, all of which are undone. */
    async function verdictAfter(statements: readonly string[], given?: string): Promise<string> {
      const { database } = world()
      const transaction = await database.startTransaction().execute()
      try {
        for (const statement of ['SET LOCAL session_replication_role = replica', ...statements])
          await sql.raw(statement).execute(transaction)
        const reader = chainReaderPostgres(database, chainStorePostgres(database))
        const verify = verifyChain({
          chain: { ...reader, snapshot: (work) => work(transaction as never) },
          signer: cryptoCheckpointSigner(log.seed, null),
          digest: sha256,
        })
        const verdict = await verify(given)
        return `${verdict.kind}: ${describeVerdict(verdict)}`
      } finally {
        await transaction.rollback().execute()
      }
    }

    it('and finds nothing where nothing was', async () => {
      assert.match(await verdictAfter([]), /^intact: 12 events, positions 1 to 12/)
    })

    it('and calls a database intact in which nothing ever was', async () => {
      const all = [...tables, 'signing_keys', 'users'].map((table) => `DELETE FROM ${table}`)
      assert.match(await verdictAfter(all), /^intact: 0 events, intact; 0 not yet sealed.\n0 checkpoints/)
    })

    it('and counts an older checkpoint whose key it does not know', async () => {
      const changed = [`UPDATE audit_checkpoints SET key_id = 'another' WHERE number = 2`]
      assert.match(
        await verdictAfter(changed),
        /^intact: 12 .*\n1 checkpoints are under a key that is no longer known/s,
      )
    })

    for (const [name, statements, says] of tamperings) {
      it(name, async () => {
        const verdict = await verdictAfter(statements)
        assert.match(verdict, /^broken: /)
        assert.match(verdict, says)
      })
    }

    it('every event after one that was altered, sealed anew by who knows how', async () => {
      const { database } = world()
      const transaction = await database.startTransaction().execute()
      try {
        const run = (statement: string) => sql.raw(statement).execute(transaction)
        await run('SET LOCAL session_replication_role = replica')
        await run(`UPDATE audit_events SET user_id = 8 WHERE id = 6`)
        const store = chainStorePostgres(database)
        const links = await store.links(transaction as never, 0, 100)
        await run('DELETE FROM audit_seals')
        let head: Pick<Seal, 'position' | 'hash'> = genesis
        const seals = links.map(({ eventId, event }) => {
          const seal = sealNext(sha256, head, eventId, event)
          head = seal
          return seal
        })
        await store.append(transaction as never, seals)
        const reader = chainReaderPostgres(database, store)
        const chain = { ...reader, snapshot: (work: never) => (work as (t: unknown) => never)(transaction) } as never
        const verdict = await verifyChain({ chain, signer: cryptoCheckpointSigner(log.seed, null), digest: sha256 })()
        assert.match(describeVerdict(verdict), /at position 8, checkpoint 2: .* rewritten/)
      } finally {
        await transaction.rollback().execute()
      }
    })

    const cutOff = [
      'DELETE FROM audit_events WHERE id > 8',
      'DELETE FROM audit_seals WHERE position > 8',
      'DELETE FROM audit_checkpoints WHERE position > 8',
    ]

    it('the end cut off with its checkpoints, where a checkpoint is given that was kept elsewhere', async () => {
      assert.match(await verdictAfter(cutOff), /^intact: 8 events/)
      assert.match(await verdictAfter(cutOff, log.checkpoints[2]), /at position 9, checkpoint 3: .* truncated/)
      assert.match(await verdictAfter(cutOff, log.checkpoints[1]), /^intact: 8 events/)
    })

    it('the last checkpoint removed, where it is given', async () => {
      const removed = ['DELETE FROM audit_checkpoints WHERE number = 3']
      assert.match(await verdictAfter(removed), /^intact: 12 events.*; 4 events after the last one/s)
      assert.match(await verdictAfter(removed, log.checkpoints[2]), /checkpoint 3: the checkpoint is missing/)
    })

    it('a checkpoint given that this service never signed', async () => {
      const [text = ''] = log.checkpoints
      const forged = [text.replace('.4.', '.5.'), text.slice(0, -1), `${text}.`, text.toUpperCase(), 'x', '', '.....']
      for (const one of forged)
        assert.match(await verdictAfter([], one), /bears no good signature of this service/, one)
    })
  })

  describe('a process that seals the audit log', () => {
    const before12 = async (...statements: string[]) => {
      const log = await twelve()
      await tamper(...statements)
      return log
    }
    const stays = async (log: Awaited<ReturnType<typeof twelve>>, says: RegExp) => {
      await assert.rejects(log.seal(), says)
      await log.add(13, 13)
      await assert.rejects(log.seal({ final: true }), says)
      const { rows } = await sql`SELECT FROM audit_unsealed`.execute(world().database)
      assert.equal(rows.length, 1)
    }

    it('does not go on with a chain that lost what it had written', async () => {
      const log = await before12(
        'DELETE FROM audit_events WHERE id > 8',
        'DELETE FROM audit_seals WHERE position > 8',
        'DELETE FROM audit_checkpoints WHERE position > 8',
      )
      await stays(log, /lost positions 9 to 12/)
    })

    it('does not go on with a chain that lost a checkpoint that it had written', async () => {
      await stays(await before12('DELETE FROM audit_checkpoints WHERE number = 3'), /lost checkpoint 3/)
    })

    it('does not go on with a chain that is shorter than its last checkpoint, also after a new start', async () => {
      const log = await before12('DELETE FROM audit_seals WHERE position > 10')
      await stays({ ...log, seal: log.start().seal }, /lost positions 11 to 12/)
    })

    it('does not go on from a row that it had written otherwise', async () => {
      const log = await before12(`UPDATE audit_seals SET hash = sha256('') WHERE position = 12`)
      await log.add(13, 13)
      await assert.rejects(log.seal(), /rewritten at position 12/)
    })

    it('leaves a place, and says so, for an event that was deleted before it was sealed', async () => {
      const log = await fresh()
      await log.add(1, 3)
      await tamper('DELETE FROM audit_events WHERE id = 2')
      await log.seal()
      assert.match(await text(log), /at position 2, event 2: the event is missing/)
    })
  })

  describe('the erasure of personal data', () => {
    it('leaves nothing of a user’s addresses and devices, and the chain whole', async () => {
      const log = await twelve()
      const other = { ...event(1), userId: 8 as UserId }
      await log.audit.note(other)
      assert.equal(await log.erase(userId), 9)
      const left = await world().database.selectFrom('audit_whence').selectAll().execute()
      assert.deepEqual(
        left.map((row) => row.event_id),
        [13],
      )
      await log.seal()
      assert.match(await text(log), /^14 events, positions 1 to 14, intact.*Personal data of 9 events were erased/s)
      assert.equal(await log.erase(userId), 0)
      const kinds = await world()
        .database.selectFrom('audit_events')
        .select(['kind', 'user_id'])
        .orderBy('id')
        .execute()
      assert.deepEqual(kinds.slice(13), [{ kind: 'audit_erased', user_id: userId }])
    })
  })

  describe('the erasure of personal data, beside operators', () => {
    it('leaves on record who the operator was, the one included who had it erased', async () => {
      const log = await fresh()
      const operator = { ip: null, userAgent: 'latchkey/1 operator root@db', requestId: 'b'.repeat(32) }
      await log.audit.note({ ...event(1), kind: 'user_disabled', userId: 9 as UserId, caller: operator })
      const revoked = { ...event(2), kind: 'session_revoked', userId: 9 as UserId } as const
      await log.audit.note({ ...revoked, caller: operator, byOperator: true })
      await log.audit.note(revoked)
      assert.equal(await log.erase(9 as UserId, operator), 1)
      const left = await world().database.selectFrom('audit_whence').select('user_agent').orderBy('event_id').execute()
      assert.deepEqual(left, Array(3).fill({ user_agent: operator.userAgent }))
      await log.seal()
      assert.match(await text(log), /^4 events, positions 1 to 4, intact.*Personal data of 1 events were erased/s)
    })
  })

  describe('the pruning of the audit log', () => {
    const counts = async () => {
      const { rows } = await sql<Record<string, number>>`SELECT
        (SELECT count(*)::int FROM audit_events) AS events, (SELECT count(*)::int FROM audit_whence) AS whence,
        (SELECT count(*)::int FROM audit_seals) AS seals, (SELECT count(*)::int FROM audit_checkpoints) AS checkpoints
      `.execute(world().database)
      return rows[0]
    }

    it('takes what is over from the front, and the rest follows a signed anchor', async () => {
      const log = await fresh(10 * day)
      for (const from of [1, 5, 9]) {
        await log.add(from, from + 3)
        await log.seal({ final: true })
        clock.advance(4 * day)
      }
      const whole = log.checkpoints.at(-1)
      assert.equal(await log.prune(), 4)
      assert.deepEqual(await counts(), { events: 9, whence: 6, seals: 8, checkpoints: 3 })
      await log.seal()
      const words = /^9 events, positions 5 to 13, intact; 0 not yet sealed.\n3 checkpoints; 1 events after/
      assert.match(await text(log), words)
      assert.match(await text(log, whole), words)
      assert.match(await text(log, log.checkpoints[0]), /^9 events, .*What the given checkpoint speaks of was pruned/s)
      const event13 = world().database.selectFrom('audit_events').selectAll().where('id', '=', 13)
      const { kind, subject } = await event13.executeTakeFirstOrThrow()
      assert.deepEqual([kind, subject], ['audit_pruned', 'positions 1 to 4'])
      assert.equal(await log.prune(), 0)
    })

    it('leaves the last event that is signed, however old', async () => {
      const log = await fresh(day)
      await log.add(1, 4)
      await log.seal({ final: true })
      await log.add(5, 5)
      await log.seal()
      clock.advance(2 * day)
      assert.equal(await log.prune(), 3)
      assert.match(await text(log), /^2 events, positions 4 to 5, intact; 1 not yet sealed/)
      await log.seal({ final: true })
      assert.match(await text(log), /^3 events, positions 4 to 6, intact; 0 not yet sealed/)
    })

    it('takes what needs several batches', async () => {
      const log = await fresh(day)
      const many = Array.from({ length: 4500 }, (_, index) => event(index))
      await world().transact((transaction) => log.audit.record(transaction, many))
      await log.seal({ final: true })
      clock.advance(2 * day)
      assert.equal(await log.prune(), 4499)
      await log.seal()
      assert.match(await text(log), /^4 events, positions 4500 to 4503, intact/)
    })

    it('takes nothing of a front that was tampered with', async () => {
      const log = await fresh(day)
      await log.add(1, 4)
      await log.seal({ final: true })
      clock.advance(2 * day)
      await tamper(`UPDATE audit_events SET user_id = 8 WHERE id = 2`)
      await assert.rejects(
        log.prune(),
        /Nothing is pruned\. .* at position 2, event 2: the event or its place was altered/,
      )
      assert.equal((await counts())?.events, 4)
    })

    it('takes what is over although an event in it was deleted before it was sealed, and says so', async () => {
      const log = await fresh(10 * day)
      await log.add(1, 3)
      await tamper('DELETE FROM audit_events WHERE id = 2')
      clock.advance(8 * day)
      await log.add(4, 5)
      await tamper('DELETE FROM audit_events WHERE id = 4')
      await log.seal({ final: true })
      clock.advance(4 * day)
      assert.equal(await log.prune(), 3)
      const pruned = world().database.selectFrom('audit_events').select('subject').where('kind', '=', 'audit_pruned')
      assert.deepEqual(await pruned.execute(), [{ subject: 'positions 1 to 3, 1 of them missing' }])
      // What is not over yet is told of further on.
      assert.match(await text(log), /at position 4, event 4: the event is missing/)
      clock.advance(8 * day)
      await log.seal({ final: true })
      assert.equal(await log.prune(), 2)
      assert.match(await text(log), /^1 events, positions 6 to 6, intact; 1 not yet sealed/)
    })

    it('is no excuse for a front that somebody else cut off', async () => {
      const log = await fresh(10 * day)
      await log.add(1, 8)
      await log.seal({ final: true })
      clock.advance(11 * day)
      await log.add(9, 12)
      await log.seal({ final: true })
      assert.equal(await log.prune(), 8)
      await tamper('DELETE FROM audit_events WHERE id = 9', 'DELETE FROM audit_seals WHERE position = 9')
      assert.match(await text(log), /at position 9: the row is missing/)
    })
  })

  describe('the key of the audit log', () => {
    it('may change: what the one before it signed is still good', async () => {
      const log = await twelve()
      const seed = new Secret(randomBytes(32))
      const next = log.start({ seed, previousSeed: log.seed })
      assert.match(await text(next, log.checkpoints[2]), /^12 events, .* intact/)
      await next.audit.note(event(13))
      await next.seal({ final: true })
      assert.match(await text(next), /^13 events, .* intact; 0 not yet sealed.\n4 checkpoints; 0 events/)
      const later = log.start({ seed })
      assert.match(await text(later), /^13 events, .* intact.*3 checkpoints are under a key that is no longer known/s)
    })

    it('may be replaced in two rounds, in which processes sign under both in turn', async () => {
      const log = await fresh()
      const seed = new Secret(randomBytes(32))
      const [one, other] = [log.start({ previousSeed: seed }), log.start({ seed, previousSeed: log.seed })]
      for (const process of [one, one, other, one, other, other]) {
        await process.audit.note(event(1))
        await process.seal({ final: true })
        for (const either of [one, other]) assert.match(await text(either), / intact; 0 not yet sealed/)
      }
      const later = log.start({ seed })
      const words =
        /^6 events, .* intact.*6 checkpoints; 0 events.*\n3 checkpoints are under a key that is no longer known/s
      assert.match(await text(later), words)
      assert.match(await text(later, log.checkpoints[4]), words)
      const forgotten = await later.verify(log.checkpoints[3])
      assert.deepEqual(
        [forgotten.intact, /signed under a key that is no longer known/.test(forgotten.text)],
        [false, true],
      )
      assert.doesNotMatch(forgotten.text, /broken|no good signature/)
    })

    it('is needed: under another one nothing is called intact', async () => {
      const log = await twelve()
      const other = log.start({ seed: new Secret(randomBytes(32)) })
      assert.match(await text(other), /checkpoint 3: the checkpoint bears no good signature/)
    })
  })
}
