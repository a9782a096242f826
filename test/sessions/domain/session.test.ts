import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idleEnd, isLive, type Session, startSession } from '../../../src/sessions/domain/session.ts'
import { at, session } from './sample.ts'

const limits = { refreshTokenTtl: 300, sessionMaxAge: 2_592_000 }
const device = { id: session.id, userId: session.userId, userAgent: 'curl/8', ip: '192.0.2.7' }

test('a new session is of generation 0, unrevoked, used now, and bears its device', () => {
  assert.deepEqual(startSession(device, at(0), limits), {
    ...device,
    generation: 0,
    createdAt: at(0),
    lastUsedAt: at(0),
    idleExpiresAt: at(300),
    expiresAt: at(2_592_000),
    revokedAt: null,
  })
})

test('a session that may be shorter than its refresh token ends at its own end', () => {
  const short = startSession(device, at(0), { refreshTokenTtl: 300, sessionMaxAge: 120 })
  assert.deepEqual([short.idleExpiresAt, short.expiresAt], [at(120), at(120)])
})

const ends: [what: string, now: number, end: number][] = [
  ['on a whole second', 0, 300],
  ['a millisecond later', 0.001, 300],
  ['in the middle of a second', 0.5, 300],
  ['in its last millisecond', 0.999, 300],
  ['on the next whole second', 1, 301],
]
for (const [what, now, end] of ends) {
  test(`ends are whole seconds, rounded down: ${what}`, () => {
    assert.deepEqual(idleEnd(at(now), limits), at(end))
    const started = startSession(device, at(now), limits)
    assert.deepEqual(started.idleExpiresAt, at(end))
    assert.equal(started.expiresAt.getMilliseconds(), 0)
    assert.deepEqual(started.createdAt, at(now), 'the moment itself keeps its milliseconds')
  })
}

const lives: [what: string, change: Partial<Session>, now: number, live: boolean][] = [
  ['in the middle of its life', {}, 200, true],
  ['in the last millisecond before its idle end', {}, 399.999, true],
  ['at its idle end', {}, 400, false],
  ['after its idle end', {}, 401, false],
  ['before its absolute end, which is its idle end too', { expiresAt: at(400) }, 399.999, true],
  ['at its absolute end, which is its idle end too', { expiresAt: at(400) }, 400, false],
  ['past its absolute end, whatever its idle end says', { expiresAt: at(300) }, 300, false],
  ['revoked in the past', { revokedAt: at(150) }, 200, false],
  ['revoked at this very moment', { revokedAt: at(200) }, 200, false],
  ['revoked by a clock that is ahead', { revokedAt: at(201) }, 200, false],
  ['on a clock that is behind its last use', {}, 50, true],
]
for (const [what, change, now, live] of lives) {
  test(`${live ? 'live' : 'over'}: ${what}`, () => assert.equal(isLive({ ...session, ...change }, at(now)), live))
}
