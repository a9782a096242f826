import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { logIn } from '../../../src/accounts/application/log-in.ts'
import type { AccountStore, Credentials, PasswordHasher } from '../../../src/accounts/application/ports.ts'
import { isLockedOut } from '../../../src/accounts/domain/lockout.ts'
import type { Caller } from '../../../src/kernel/caller.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import type { TokenPair } from '../../../src/sessions/index.ts'
import { transcript } from '../../support/transcript.ts'
import { caller, email, now, user, userId } from '../sample.ts'

const account: Credentials = { user, isDisabled: false, passwordHash: 'hash of right', epoch: 3, failures: 1 }
const disabled: Credentials = { ...account, isDisabled: true, passwordHash: null }
const tokens = { accessToken: 'a' } as TokenPair

interface World {
  readonly credentials?: Credentials | null
  readonly isKnownPlace?: boolean | null
  readonly outdated?: boolean
  /** What the hasher throws when it is to verify, and when it is to hash. */
  readonly overloaded?: Error
  readonly unhashable?: Error
  readonly opens?: boolean
  /** What is thrown when a session is to open. */
  readonly unopened?: Error
  /** What the store throws when an attempt begins, and when the failures are to end. */
  readonly unbegun?: Error
  readonly unclearable?: Error
  /** A guard that can give nothing back. */
  readonly forgetful?: boolean
  /** Whether the guard asks whose account it is. */
  readonly asks?: boolean
  /** A hasher that takes every password for the right one. */
  readonly credulous?: boolean
}

function loggingIn(world: World = {}) {
  const { credentials = account, isKnownPlace = false, outdated = false, opens = true } = world
  const script = transcript()
  const accounts = {
    async beginAttempt(by, from) {
      script.did('beginAttempt', by, from)
      if (world.unbegun) throw world.unbegun
      return credentials
    },
    async find(by) {
      script.did('find', by)
      return credentials?.user ?? null
    },
    withdrawAttempt: async (id, from) => script.did('withdrawAttempt', id, from),
    async clearFailures(id) {
      script.did('clearFailures', id)
      if (world.unclearable) throw world.unclearable
      return true
    },
    renewHash: async (id, from, to) => script.did('renewHash', id, from, to),
  } as Partial<AccountStore> as AccountStore
  const hasher = {
    async verify(password, stored, gone) {
      script.did('verify', stored, gone === caller.gone)
      if (world.overloaded) throw world.overloaded
      return { matches: stored === `hash of ${password.reveal()}` || world.credulous === true, outdated }
    },
    async hash(password, gone) {
      script.did('hash', gone === caller.gone)
      if (world.unhashable) throw world.unhashable
      return `new hash of ${password.reveal()}`
    },
  } as Partial<PasswordHasher> as PasswordHasher
  const call = logIn({
    ...{ accounts, hasher, audit: script.audit, clock: () => now },
    loginGuard: {
      async enter(typed, _caller, whose) {
        script.did('guard', typed)
        if (world.asks) script.did('whose', await whose())
        return {
          isKnownPlace,
          succeeded: async () => script.did('succeeded'),
          withdrawn: async () => {
            script.did('withdrawn')
            if (world.forgetful) throw new Error('no answer')
          },
        }
      },
    },
    isLockedOut,
    async openSession(who) {
      script.did('open', who)
      if (world.unopened) throw world.unopened
      return opens ? tokens : null
    },
    onRenewalFailed: (error) => script.did('renewal failed', error),
    onUnsettled: (error) => script.did('unsettled', error),
  })
  const attempt = (password = 'right', by: Caller = caller, typed = 'Jane@Example.com') =>
    call({ email: typed, password: new Secret(password) }, by)
  return { script, attempt }
}

const guarded = (from: string | null = 'elsewhere') => [
  ['guard', email],
  ['beginAttempt', { email }, from],
]
const verified = ['verify', 'hash of right', true]
const proven = [...guarded(), verified]
const opened = ['open', { userId, epoch: 3 }]
const settled = [['clearFailures', userId], ['succeeded']]
const givenBack = (from = 'elsewhere') => [['withdrawn'], ['withdrawAttempt', { email }, from]]
const failed = (because: string, of: number | null = userId) => [
  'noted',
  { kind: 'login_failed', at: now, userId: of, sessionId: null, caller, subject: because },
]

describe('the right password', () => {
  it('opens a session in the epoch of its proof, and then ends the row of failures and gives back what was taken', async () => {
    const { script, attempt } = loggingIn()
    assert.equal(await attempt(), tokens)
    assert.deepEqual(script.lines, [...proven, opened, ...settled])
  })

  it('for which no session could be opened counts as no failure: all that was taken is given back', async () => {
    const unopened = new Error('no answer')
    const { script, attempt } = loggingIn({ unopened })
    await assert.rejects(attempt(), unopened)
    assert.deepEqual(script.lines, [...proven, opened, ...givenBack()])
  })

  it('logs in also where it still counts as a failure, and that is told of', async () => {
    const unclearable = new Error('no answer')
    const { script, attempt } = loggingIn({ unclearable })
    assert.equal(await attempt(), tokens)
    assert.deepEqual(script.lines, [...proven, opened, ['clearFailures', userId], ['unsettled', unclearable]])
  })

  it('counts with the failures from known places where the place is known', async () => {
    const { script, attempt } = loggingIn({ isKnownPlace: true })
    await attempt()
    assert.deepEqual(script.lines.slice(0, 2), guarded('known'))
  })

  it('of before a change of the account opens nothing, ends no failures and gives nothing back, on record', async () => {
    const { script, attempt } = loggingIn({ opens: false })
    const because = 'the account changed meanwhile'
    await assert.rejects(attempt(), { name: 'Refusal', code: 'invalid_credentials', because })
    assert.deepEqual(script.lines, [...proven, opened, failed(because)])
  })

  it('whose caller has hung up opens nothing, and counts as no failure', async () => {
    const { script, attempt } = loggingIn()
    const gone = AbortSignal.abort(new Error('hung up'))
    await assert.rejects(attempt('right', { ...caller, gone }), { message: 'hung up' })
    assert.deepEqual(script.lines, [...guarded(), ['verify', 'hash of right', false], ...givenBack()])
  })

  it('needs nobody who could hang up', async () => {
    const { gone: _, ...others } = caller
    assert.equal(await loggingIn().attempt('right', others), tokens)
  })
})

describe('a hash under other parameters', () => {
  it('is renewed before the session opens', async () => {
    const { script, attempt } = loggingIn({ outdated: true })
    assert.equal(await attempt(), tokens)
    const renewed = ['renewHash', userId, 'hash of right', 'new hash of right']
    assert.deepEqual(script.lines, [...proven, ['hash', true], renewed, opened, ...settled])
  })

  it('that cannot be renewed now is told of, and stops no login', async () => {
    const unhashable = new Error('no room')
    const { script, attempt } = loggingIn({ outdated: true, unhashable })
    assert.equal(await attempt(), tokens)
    assert.deepEqual(script.lines, [...proven, ['hash', true], ['renewal failed', unhashable], opened, ...settled])
  })
})

describe('a login that fails', () => {
  const table: [what: string, credentials: Credentials | null, password: string, because: string][] = [
    ['an unknown address', null, 'right', 'unknown e-mail'],
    ['a wrong password', account, 'wrong', 'wrong password'],
    ['an account that no password opens', { ...account, passwordHash: null }, 'right', 'no password opens it'],
    ['a disabled account', disabled, 'right', 'disabled'],
    ['a disabled account after too many failures', { ...disabled, failures: 51 }, 'right', 'disabled'],
    ['the right password after too many failures', { ...account, failures: 51 }, 'right', 'locked out'],
  ]
  for (const [what, credentials, password, because] of table) {
    it(`costs a hash, opens nothing, gives nothing back, and is on record: ${what}`, async () => {
      const { script, attempt } = loggingIn({ credentials })
      await assert.rejects(attempt(password), { name: 'Refusal', code: 'invalid_credentials', because })
      const stored = because === 'wrong password' ? 'hash of right' : null
      const event = failed(because, credentials === null ? null : userId)
      assert.deepEqual(script.lines, [...guarded(), ['verify', stored, true], event])
    })
  }

  it('of an unknown address opens nothing, even if a password seems to match', async () => {
    const { attempt } = loggingIn({ credentials: null, credulous: true })
    await assert.rejects(attempt(), { name: 'Refusal', code: 'invalid_credentials', because: 'unknown e-mail' })
  })

  it('costs a hash also where what was typed is no address, and is guarded by what was typed', async () => {
    const { script, attempt } = loggingIn()
    await assert.rejects(attempt('right', caller, 'Jane'), { code: 'invalid_credentials', because: 'unknown e-mail' })
    assert.deepEqual(script.lines, [['guard', 'Jane'], ['verify', null, true], failed('unknown e-mail', null)])
  })

  it('has its guard told whose account it is when it asks, and null where there is none', async () => {
    const told = async (credentials: Credentials | null, typed = 'Jane@Example.com') => {
      const { script, attempt } = loggingIn({ asks: true, credentials })
      await assert.rejects(attempt('wrong', caller, typed))
      return script.lines.slice(1, 3)
    }
    const found = ['find', { email }]
    assert.deepEqual(await told(account), [found, ['whose', userId]])
    assert.deepEqual(await told(null), [found, ['whose', null]])
    assert.deepEqual((await told(null, 'Jane'))[0], ['whose', null])
  })

  for (const from of ['known', 'elsewhere'] as const) {
    it(`with the last of the allowed attempts has still tried the password: ${from}`, async () => {
      const { attempt } = loggingIn({ credentials: { ...account, failures: 50 }, isKnownPlace: from === 'known' })
      assert.equal(await attempt(), tokens)
    })
  }
})

describe('where nobody is limited', () => {
  it('a login counts as no failure and is never locked out', async () => {
    const { script, attempt } = loggingIn({ isKnownPlace: null, credentials: { ...account, failures: 1000 } })
    assert.equal(await attempt(), tokens)
    assert.deepEqual(script.lines, [...guarded(null), verified, opened, ...settled])
  })

  it('a password that could not be tried takes no failure back', async () => {
    const overloaded = new Refusal('overloaded')
    const { script, attempt } = loggingIn({ isKnownPlace: null, overloaded })
    await assert.rejects(attempt(), overloaded)
    assert.deepEqual(script.lines, [...guarded(null), verified, ['withdrawn']])
  })
})

describe('a password that could not be tried', () => {
  const overloaded = new Refusal('overloaded')

  it('counts as no failure: all that was taken is given back', async () => {
    const { script, attempt } = loggingIn({ overloaded, isKnownPlace: true })
    await assert.rejects(attempt(), overloaded)
    assert.deepEqual(script.lines, [...guarded('known'), verified, ...givenBack('known')])
  })

  it('for an unknown address gives back what the guard took', async () => {
    const { script, attempt } = loggingIn({ overloaded, credentials: null })
    await assert.rejects(attempt(), overloaded)
    assert.deepEqual(script.lines, [...guarded(), ['verify', null, true], ...givenBack()])
  })

  it('for what is no address gives back what the guard took, and that alone', async () => {
    const { script, attempt } = loggingIn({ overloaded })
    await assert.rejects(attempt('right', caller, 'Jane'), overloaded)
    assert.deepEqual(script.lines, [['guard', 'Jane'], ['verify', null, true], ['withdrawn']])
  })

  it('gives back what the guard took where the account could not be asked, and no failure that may not be counted', async () => {
    const unbegun = new Error('no answer')
    const { script, attempt } = loggingIn({ unbegun })
    await assert.rejects(attempt(), unbegun)
    assert.deepEqual(script.lines, [...guarded(), ['withdrawn']])
  })

  it('is the answer also where nothing can be given back', async () => {
    for (const world of [{ overloaded }, { unbegun: overloaded }, { unopened: overloaded }]) {
      await assert.rejects(loggingIn({ ...world, forgetful: true }).attempt(), overloaded)
    }
  })
})
