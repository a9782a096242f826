import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { readEvents } from '../../src/audit/application/read-events.ts'
import type { AuditEvent, EventFilter, RecordedEvent } from '../../src/audit/index.ts'
import { eventReaderPostgres } from '../../src/audit/infrastructure/event-reader.postgres.ts'
import type { UserId } from '../../src/kernel/ids.ts'
import { auditOn } from '../support/audit.ts'
import { after, newUser, start, type World } from './world.ts'

export function eventReaderContract(world: () => World): void {
  describe('the events on record, for reading', () => {
    const caller = { ip: '192.0.2.7', userAgent: 'curl/8', requestId: '0af7651916cd43dd8448eb211c80319c' }
    let userId: UserId
    beforeEach(async () => {
      userId = await newUser(world())
    })
    const read = () => readEvents({ reader: eventReaderPostgres(world().database), pause: async () => undefined })
    const note = async (...events: Partial<AuditEvent>[]) => {
      const whole = events.map((event) => ({ kind: 'logged_in', at: start, userId, sessionId: null, caller, ...event }))
      await world().transact((transaction) =>
        auditOn(world().database).audit.record(transaction, whole as AuditEvent[]),
      )
    }
    const all = async (filter: EventFilter) => {
      const found: RecordedEvent[] = []
      for await (const event of read().all({ userId, ...filter })) found.push(event)
      return found
    }
    const subjects = (events: readonly RecordedEvent[]) => events.map(({ subject }) => subject)

    it('are read whole, the oldest first', async () => {
      const sessionId = randomUUID() as never
      await note({ subject: 'one', sessionId }, { subject: 'two', caller: null, kind: 'user_created' })
      const [{ id, ...one } = { id: '' }, two, ...more] = await all({})
      assert.match(id, /^[0-9]+$/)
      assert.deepEqual(one, {
        ...{ position: null, at: start, kind: 'logged_in', userId: String(userId), sessionId, subject: 'one' },
        ...{ requestId: caller.requestId, ip: caller.ip, userAgent: caller.userAgent },
      })
      assert.deepEqual([two?.kind, two?.ip, two?.userAgent, two?.requestId], ['user_created', null, null, null])
      assert.deepEqual(more, [])
    })

    it('are filtered by user, kind and time', async () => {
      await note({ subject: 'a' }, { subject: 'b', kind: 'logged_out', at: after(10) }, { subject: 'c', at: after(20) })
      await note({ subject: 'other', userId: await newUser(world()) })
      assert.deepEqual(subjects(await all({})), ['a', 'b', 'c'])
      assert.deepEqual(subjects(await all({ kind: 'logged_out' })), ['b'])
      assert.deepEqual(subjects(await all({ since: after(10), until: after(20) })), ['b'])
    })

    it('are found by the id of their request, the oldest first, and not beyond a time', async () => {
      const requestId = userId.toString(16).padStart(32, '0')
      const own = { caller: { ...caller, requestId } }
      await note({ subject: 'a', ...own }, { subject: 'other' }, { subject: 'b', ...own, at: after(10) })
      assert.deepEqual(subjects(await read().ofRequest(requestId, undefined)), ['a', 'b'])
      assert.deepEqual(subjects(await read().ofRequest(requestId, after(5))), ['b'])
      assert.deepEqual(await read().ofRequest('f'.repeat(32), undefined), [])
    })

    it('are read from the newest on, as many as are wanted', async () => {
      await note(...['a', 'b', 'c', 'd'].map((subject) => ({ subject })))
      assert.deepEqual(subjects(await read().newest({ userId }, 2)), ['c', 'd'])
      assert.deepEqual(subjects(await read().newest({ userId, since: start }, 100)), ['a', 'b', 'c', 'd'])
    })

    it('are looked at a bounded number at a time, and all found, in either direction', async () => {
      await note({ subject: 'first' })
      await sql`
        INSERT INTO audit_events (at, kind, user_id)
        SELECT ${start}::timestamptz, 'token_refused', ${userId}::bigint FROM generate_series(1, 20500)`.execute(
        world().database,
      )
      await note({ subject: 'last' })
      const looked: string[] = []
      const found: RecordedEvent[] = []
      for await (const event of read().all({ userId, kind: 'logged_in' }, (id) => looked.push(id))) found.push(event)
      assert.deepEqual(subjects(found), ['first', 'last'])
      assert.equal(looked.length, 2)
      assert.deepEqual(subjects(await read().newest({ userId, kind: 'logged_in' }, 10)), ['first', 'last'])
      let count = 0
      for (const _ of await all({})) count++
      assert.equal(count, 20_502)
      // What lies wholly before the time that is wanted is not searched.
      const stretch = await eventReaderPostgres(world().database).stretch(
        ...([{ userId, since: after(7200) }, '9223372036854775807', 'back', 10] as const),
      )
      assert.deepEqual(stretch, { events: [], next: null })
    })

    it('are followed in the order of the chain, each once, until they are no longer wanted', async () => {
      const log = auditOn(world().database)
      // So many of the tests before wait that one run does not get to all of them.
      for (let times = 0; times < 3; times++) await log.seal()
      const from = await read().extent()
      const stop = new AbortController()
      const coming = read().follow(stop.signal, from)
      await note({ subject: 'a' }, { subject: 'b' })
      await log.seal()
      assert.equal((await coming.next()).value?.subject, 'a')
      assert.equal((await coming.next()).value?.subject, 'b')
      await note({ subject: 'c' })
      await log.seal()
      const { value } = await coming.next()
      assert.deepEqual([value?.subject, Number(value?.position)], ['c', Number(from.position) + 3])
      stop.abort()
      assert.equal((await coming.next()).done, true)
    })

    it('reach from the lowest id to the highest', async () => {
      await note({}, {})
      const { lowest, highest } = await read().extent()
      const ids = (await all({})).map(({ id }) => Number(id))
      assert.equal(Number(highest), Math.max(...ids))
      assert.ok(Number(lowest) <= Math.min(...ids))
    })
  })
}
