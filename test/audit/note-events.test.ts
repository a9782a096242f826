import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { noteEvents } from '../../src/audit/application/note-events.ts'
import type { AuditEvent } from '../../src/audit/index.ts'

const event = (subject: string): AuditEvent => ({
  kind: 'token_refused',
  at: new Date(0),
  userId: null,
  sessionId: null,
  caller: null,
  subject,
})
const names = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)

/** A store whose statements end when the test says so. */
function heldStore() {
  const statements: { subjects: (string | undefined)[]; end: PromiseWithResolvers<void> }[] = []
  const insert = (transaction: unknown, events: readonly AuditEvent[]) => {
    assert.equal(transaction, null)
    const end = Promise.withResolvers<void>()
    statements.push({ subjects: events.map(({ subject }) => subject), end })
    return end.promise
  }
  return { statements, insert }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('events that are noted', () => {
  it('at the same time share a statement, and those that come while it runs share the next', async () => {
    const { statements, insert } = heldStore()
    const { note } = noteEvents({ events: { insert } })
    const first = names(3).map((name) => note(event(name)))
    await turn()
    const second = names(40).map((name) => note(event(name)))
    await turn()
    assert.deepEqual(
      statements.map(({ subjects }) => subjects),
      [names(3)],
    )
    statements[0]?.end.resolve()
    await Promise.all(first)
    await turn()
    assert.deepEqual(statements[1]?.subjects, names(40))
    statements[1]?.end.resolve()
    await Promise.all(second)
    assert.equal(statements.length, 2)
  })

  it('are told of only when their own statement has ended', async () => {
    const { statements, insert } = heldStore()
    const { note } = noteEvents({ events: { insert } })
    const told: string[] = []
    const first = note(event('a')).then(() => told.push('a'))
    await turn()
    const second = note(event('b')).then(() => told.push('b'))
    await turn()
    assert.deepEqual(told, [])
    statements[0]?.end.resolve()
    await first
    await turn()
    assert.deepEqual(told, ['a'])
    statements[1]?.end.resolve()
    await second
  })

  it('fail together when their statement does, and those that wait are tried all the same', async () => {
    const { statements, insert } = heldStore()
    const { note } = noteEvents({ events: { insert } })
    const first = names(2).map((name) => assert.rejects(note(event(name)), /the disk is full/))
    await turn()
    const second = note(event('later'))
    statements[0]?.end.reject(new Error('the disk is full'))
    await Promise.all(first)
    await turn()
    statements[1]?.end.resolve()
    await second
  })

  it('go in batches of a bounded size, in their order', async () => {
    const { statements, insert } = heldStore()
    const { note } = noteEvents({ events: { insert }, batch: 4 })
    const all = names(10).map((name) => note(event(name)))
    for (let index = 0; index < 3; index++) {
      await turn()
      statements[index]?.end.resolve()
    }
    await Promise.all(all)
    assert.deepEqual(
      statements.map(({ subjects }) => subjects.length),
      [4, 4, 2],
    )
    assert.deepEqual(
      statements.flatMap(({ subjects }) => subjects),
      names(10),
    )
  })

  it('are refused at once when as many wait as may, and taken again when there is room', async () => {
    const { statements, insert } = heldStore()
    const { note, settle } = noteEvents({ events: { insert }, bound: 3 })
    const running = note(event('running'))
    await turn()
    const waiting = names(3).map((name) => note(event(name)))
    await assert.rejects(note(event('too many')), { name: 'Refusal', code: 'overloaded', retryAfter: 1 })
    statements[0]?.end.resolve()
    await running
    await turn()
    const after = note(event('room again'))
    statements[1]?.end.resolve()
    await Promise.all(waiting)
    await turn()
    statements[2]?.end.resolve()
    await after
    await settle()
    assert.equal(statements.length, 3)
  })
})
