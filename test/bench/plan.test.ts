import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Adapter } from '../../bench/adapter.ts'
import { adapter as betterAuth } from '../../bench/adapters/better-auth.ts'
import { adapter as latchkey } from '../../bench/adapters/latchkey.ts'
import { adapter as limit } from '../../bench/adapters/limit.ts'
import { parseOptions } from '../../bench/options.ts'
import { plan, secondsOf, type Trial } from '../../bench/plan.ts'

const all: readonly Adapter[] = [latchkey, limit, betterAuth]

function planned(...words: string[]): Trial[] {
  const options = parseOptions(words)
  assert.ok(options)
  return plan(options, all)
}

describe('the plan of the bench', () => {
  it('asks for each kind in a closed and an open loop', () => {
    const asked = planned().map(({ asked, loop }) => `${asked} ${loop}`)
    for (const kind of ['me', 'refresh', 'jwks', 'login', 'register', 'mix']) {
      for (const loop of ['closed', 'open']) assert.ok(asked.includes(`${kind} ${loop}`), `${kind} ${loop}`)
    }
  })

  it('asks with 1 to 256 connections where no password is hashed', () => {
    for (const kind of ['me', 'refresh', 'jwks']) {
      const closed = planned().filter(({ asked, loop }) => asked === kind && loop === 'closed')
      assert.deepEqual(
        closed.map(({ connections }) => connections),
        [1, 8, 32, 128, 256],
        kind,
      )
    }
  })

  it('has an open loop only after the closed one whose rate it halves', () => {
    const trials = planned()
    for (const [place, { asked, loop }] of trials.entries()) {
      if (loop === 'closed') continue
      assert.ok(
        trials.slice(0, place).some((one) => one.asked === asked && one.loop === 'closed'),
        asked,
      )
    }
  })

  it('takes most rounds where targets are judged, and bare hashing beside the closed loop alone', () => {
    for (const { asked, loop, connections, rounds, servers, fresh } of planned()) {
      const isHot = connections === 32 && (asked === 'me' || asked === 'refresh')
      assert.equal(fresh, isHot && loop === 'closed', `${asked} ${loop} ${connections}`)
      const isJudged = isHot || (loop === 'closed' && (asked === 'login' || asked === 'register'))
      assert.equal(rounds, isJudged ? 5 : 2, `${asked} ${loop} ${connections}`)
      const hashing = loop === 'closed' && (asked === 'login' || asked === 'register')
      assert.equal(servers.includes('bare bcrypt'), hashing, `${asked} ${loop}`)
    }
  })

  it('leaves a quick look time for all else within two minutes', () => {
    const seconds = secondsOf(
      plan(parseOptions(['--quick']) as NonNullable<ReturnType<typeof parseOptions>>, [latchkey, limit]),
    )
    assert.ok(seconds < 75, `${seconds} seconds of rounds`)
  })

  it('leaves a whole run time for all else within twenty minutes', () => {
    const minutes = secondsOf(planned()) / 60
    assert.ok(minutes < 17, `${minutes} minutes of rounds`)
  })
})
