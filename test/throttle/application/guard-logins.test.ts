import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EmailAddress } from '../../../src/kernel/email-address.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { guardLogins } from '../../../src/throttle/application/guard-logins.ts'
import type { Ask } from '../../../src/throttle/application/ports.ts'
import { limits } from '../../../src/throttle/domain/limit.ts'
import { testClock } from '../../support/clock.ts'

const caller = { ip: '192.0.2.1', userAgent: null, requestId: 'f'.repeat(32) }
const day = 86_400
const whose = async () => null

/** The guard with keys that can be read, and a record of what it did. */
function world({ lastLogin = null as number | null, enough = true } = {}) {
  const clock = testClock()
  const did: string[] = []
  const list = (asks: readonly Ask[]) => asks.map(({ key, units }) => `${key} ${units}`).join(', ')
  const guard = guardLogins({
    clock,
    keyOf: (...words) => words.join('/'),
    placeOf: (ip) => `near ${ip}`,
    take: async (wants, by) => {
      assert.equal(by, caller)
      for (const want of wants) assert.equal(want.whose, whose, 'a refusal would be nobody’s')
      did.push(`take ${wants.map(({ key, limit }) => `${key} of ${limit.name}`).join(', ')}`)
      if (enough) return { enough: true, standing: { remaining: 1, resetAfter: 1 }, fullAt: clock() }
      return { enough: false, limit: limits.loginElsewhere, retryAfter: 7 }
    },
    buckets: {
      take: async () => [],
      refund: async (asks) => void did.push(`refund ${list(asks)}`),
      async restore(key, now) {
        assert.deepEqual(now, clock())
        did.push(`restore ${key}`)
        return enough
      },
      purge: async () => 0,
    },
    places: {
      lastLogin: async () => (lastLogin === null ? null : new Date(clock().getTime() - lastLogin * 1000)),
      remember: async (account, place, now, atMost) => {
        assert.deepEqual(now, clock())
        did.push(`remember ${account} ${place} ${atMost}`)
      },
      forget: async (account) => {
        did.push(`forget ${account}`)
        if (!enough) throw new Error('no answer')
      },
      rememberAlone: async (account, place, now) => {
        assert.deepEqual(now, clock())
        did.push(`remember ${account} ${place} alone`)
        if (!enough) throw new Error('no answer')
      },
      purge: async () => 0,
    },
    onForgotten: (error) => did.push(`forgotten: ${(error as Error).message}`),
  })
  const email = 'a@example.com' as EmailAddress
  return {
    did,
    enter: () => guard.enter(email, caller, whose),
    passwordSet: () => guard.passwordSet(email, caller),
    unlock: () => guard.unlock(email),
    forget: () => guard.forget(email),
  }
}

const account = 'account/a@example.com'
const place = 'place/near 192.0.2.1'
const pair = `pair/${account}/${place}`
const elsewhere = `elsewhere/${account}`

describe('guarding logins', () => {
  it('forgets all places of an account that is gone, and rejects for nothing', async () => {
    const [{ did, forget }, failing] = [world(), world({ enough: false })]
    await forget()
    assert.deepEqual(did, [`forget ${account}`])
    await failing.forget()
    assert.deepEqual(failing.did, [`forget ${account}`, 'forgotten: no answer'])
  })

  it('counts an attempt from an unknown place for the pair and for all unknown places', async () => {
    const { did, enter } = world()
    assert.equal((await enter()).isKnownPlace, false)
    assert.deepEqual(did, [`take ${pair} of login-pair, ${elsewhere} of login-elsewhere`])
  })

  it('counts an attempt from a known place for the pair alone: strangers take nothing from it', async () => {
    const { did, enter } = world({ lastLogin: 1 })
    assert.equal((await enter()).isKnownPlace, true)
    assert.deepEqual(did, [`take ${pair} of login-pair`])
  })

  for (const [seconds, known] of [
    [90 * day - 1, true],
    [90 * day, false],
  ] as const) {
    it(`${known ? 'knows' : 'no longer knows'} a place ${seconds} s after the last login there`, async () => {
      assert.equal((await world({ lastLogin: seconds }).enter()).isKnownPlace, known)
    })
  }

  it('refuses with the limit as the reason and the time to wait', async () => {
    await assert.rejects(world({ enough: false }).enter(), (error) => {
      assert.ok(error instanceof Refusal)
      assert.deepEqual([error.code, error.because, error.retryAfter], ['too_many_requests', 'login-elsewhere', 7])
      return true
    })
  })

  it('gives all units of the pair back for a success, the one of the others, and remembers the place', async () => {
    const { did, enter } = world()
    await (await enter()).succeeded()
    assert.deepEqual(did.slice(1), [`refund ${pair} 10, ${elsewhere} 1`, `remember ${account} ${place} 20`])
  })

  for (const [seconds, renews] of [
    [day - 1, false],
    [day, true],
  ] as const) {
    it(`${renews ? 'renews' : 'does not renew'} the memory of a place ${seconds} s after the last login there`, async () => {
      const { did, enter } = world({ lastLogin: seconds })
      await (await enter()).succeeded()
      assert.deepEqual(did.slice(1), [`refund ${pair} 10`, ...(renews ? [`remember ${account} ${place} 20`] : [])])
    })
  }

  it('gives back what it took for an attempt at which no password was tried, and remembers nothing', async () => {
    const [unknown, known] = [world(), world({ lastLogin: 1 })]
    await (await unknown.enter()).withdrawn()
    await (await known.enter()).withdrawn()
    assert.deepEqual(unknown.did.slice(1), [`refund ${pair} 1, ${elsewhere} 1`])
    assert.deepEqual(known.did.slice(1), [`refund ${pair} 1`])
  })
  it('knows the place where a password was set, and no other any more', async () => {
    const { did, passwordSet } = world()
    await passwordSet()
    assert.deepEqual(did, [`remember ${account} ${place} alone`])
  })

  it('takes no password back where its place could not be remembered, and tells of it', async () => {
    const { did, passwordSet } = world({ enough: false })
    await passwordSet()
    assert.deepEqual(did.slice(1), ['forgotten: no answer'])
  })

  it('gives the whole quota for unknown places back to an account that is unlocked, and tells whether any was used', async () => {
    const { did, unlock } = world()
    assert.equal(await unlock(), true)
    assert.deepEqual(did, [`restore ${elsewhere}`])
    assert.equal(await world({ enough: false }).unlock(), false)
  })
})
