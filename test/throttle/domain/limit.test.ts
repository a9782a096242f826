import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Limit, limits, standingOf, stepOf, waitFor } from '../../../src/throttle/domain/limit.ts'

const limit: Limit = { name: 'test', quota: 5, window: 10, share: 1 }
const now = new Date('2026-11-22T12:00:00.000Z')
const later = (ms: number) => new Date(now.getTime() + ms)

describe('a limit', () => {
  it('gives one unit back in its share of the window', () => {
    assert.equal(stepOf(limit), 2000)
  })

  for (const [missing, remaining, resetAfter] of [
    [-1, 5, 0],
    [0, 5, 0],
    [1, 4, 1],
    [2000, 4, 2],
    [2001, 3, 3],
    [9999, 0, 10],
    [10_000, 0, 10],
    [60_000, 0, 60],
  ] as const) {
    it(`that is whole again in ${missing} ms has ${remaining} left and says ${resetAfter} s`, () => {
      assert.deepEqual(standingOf(limit, later(missing), now), { remaining, resetAfter })
    })
  }

  for (const [missing, units, wait] of [
    [-5000, 5, 0],
    [-5000, 6, 2000],
    [0, 1, 0],
    [8000, 1, 0],
    [8001, 1, 1],
    [10_000, 1, 2000],
    [10_000, 3, 6000],
    [15_000, 1, 7000],
  ] as const) {
    it(`that is whole again in ${missing} ms gives ${units} after ${wait} ms`, () => {
      assert.equal(waitFor(limit, units, later(missing), now), wait)
    })
  }
})

describe('the limits of this service', () => {
  it('have names of their own, fit for a header, and shares that are a small part of their quotas', () => {
    const all: Limit[] = Object.values(limits)
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
    for (const { name, quota, window, share } of all) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/)
      for (const number of [quota, window, share]) assert.ok(Number.isInteger(number) && number > 0, name)
      assert.ok(share === 1 || share * 30 <= quota, name)
    }
  })

  it('count every guess at a password exactly', () => {
    for (const { share } of [limits.login, limits.loginPair, limits.loginElsewhere, limits.password]) {
      assert.equal(share, 1)
    }
  })

  it('leave a device that refreshes every second alone', () => {
    for (const limit of [limits.refresh, limits.refreshAccount]) assert.ok(stepOf(limit) <= 1000)
  })

  it('are what the README says', () => {
    assert.deepEqual(
      Object.values(limits).map(({ name, quota, window }) => [name, quota, window]),
      [
        ['register', 100, 3600],
        ['login', 120, 120],
        ['login-pair', 10, 600],
        ['login-elsewhere', 20, 10_800],
        ['refresh', 600, 60],
        ['refresh-account', 300, 60],
        ['password', 10, 600],
      ],
    )
  })
})
