import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../support/service.ts'
import { type Arena, openArena } from './arena.ts'

/** How many meet, on two processes. */
const many = 50

describe('limits, with two processes on one database', () => {
  let arena: Arena
  before(async () => {
    arena = await openArena({ RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' })
  })
  after(() => arena?.[Symbol.asyncDispose]())

  const logIn = (from: string, email: string, password: string) =>
    arena.next().call('POST', '/api/v1/auth/login', {
      json: { email, password },
      headers: { 'x-forwarded-for': from },
    })
  const atOnce = (call: (index: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: many }, (_, index) => call(index)))
  const count = (answers: readonly Answer[], status: number) =>
    answers.filter((answer) => answer.status === status).length

  it(`let ten of ${many} guesses at one moment through from one place, and tell of each in the audit log`, async () => {
    const { email, id } = await arena.person()
    const answers = await atOnce(() => logIn('192.0.2.1', email, 'not_the_password_1'))
    assert.deepEqual([count(answers, 401), count(answers, 429)], [10, many - 10])
    const [row] = await arena.query<{ failed: number; streak: number }>(
      `SELECT (SELECT count(*)::int FROM audit_events WHERE kind = 'login_failed' AND user_id = $1) AS failed,
         elsewhere AS streak FROM login_streaks WHERE user_id = $1`,
      [id],
    )
    assert.deepEqual(row, { failed: 10, streak: 10 })
  })

  it(`let twenty of ${many} guesses at one moment through from as many places`, async () => {
    const { email } = await arena.person()
    const answers = await atOnce((index) => logIn(`198.51.100.${index}`, email, 'not_the_password_1'))
    assert.deepEqual([count(answers, 401), count(answers, 429)], [20, many - 20])
  })

  it('keep no failure of logins at one moment that all succeed', async () => {
    const { email, password, id } = await arena.person()
    const answers = await Promise.all(Array.from({ length: 10 }, () => logIn('192.0.2.2', email, password)))
    assert.equal(count(answers, 200), 10)
    const streaks = await arena.query('SELECT known, elsewhere FROM login_streaks WHERE user_id = $1', [id])
    assert.deepEqual(streaks, [{ known: 0, elsewhere: 0 }])
    const again = await Promise.all(Array.from({ length: 10 }, () => logIn('192.0.2.2', email, password)))
    assert.equal(count(again, 200), 10)
  })
})
