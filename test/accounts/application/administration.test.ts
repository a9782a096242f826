import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { disableUser } from '../../../src/accounts/application/disable-user.ts'
import { enableUser } from '../../../src/accounts/application/enable-user.ts'
import type { AccountStore } from '../../../src/accounts/application/ports.ts'
import { unlockUser } from '../../../src/accounts/application/unlock-user.ts'
import { transcript } from '../../support/transcript.ts'
import { now, user, userId } from '../sample.ts'

/** A store in which whatever is set or cleared changes something, or nothing does. */
function administering(changes: boolean, { isThere = true, isUsed = false } = {}) {
  const script = transcript()
  const accounts = {
    async setDisabled(transaction, id, disabledAt) {
      script.didWithin(transaction, 'setDisabled', id, disabledAt)
      return changes
    },
    find: async (by) => (isThere && 'id' in by && by.id === userId ? user : null),
    async clearFailures(id) {
      script.did('clearFailures', id)
      return changes
    },
  } as Partial<AccountStore> as AccountStore
  return {
    script,
    deps: {
      ...{ accounts, audit: script.audit, transact: script.transact, clock: () => now },
      loginGuard: {
        async unlock(of: string) {
          script.did('unlock', of)
          return isUsed
        },
      },
      revokeSessions: async (...[transaction, of]: Parameters<Parameters<typeof disableUser>[0]['revokeSessions']>) =>
        script.didWithin(transaction, 'revokeSessions', of),
    },
  }
}
const event = (kind: string) => ({ kind, at: now, userId, sessionId: null, caller: null })

describe('disabling an account', () => {
  it('holds its row, then ends all of its sessions, and is on record, in one transaction', async () => {
    const { script, deps } = administering(true)
    assert.equal(await disableUser(deps)(userId), true)
    assert.deepEqual(script.lines, [
      'begin',
      ['setDisabled', userId, now],
      ['revokeSessions', { userId, but: null, now, caller: null, byOperator: true }],
      ['recorded', event('user_disabled')],
      'commit',
    ])
  })

  it('a second time does nothing, and leaves no event', async () => {
    const { script, deps } = administering(false)
    assert.equal(await disableUser(deps)(userId), false)
    assert.deepEqual(script.lines, ['begin', ['setDisabled', userId, now], 'commit'])
  })
})

describe('enabling an account', () => {
  it('opens it again and leaves its sessions ended, on record in the same transaction', async () => {
    const { script, deps } = administering(true)
    assert.equal(await enableUser(deps)(userId), true)
    const recorded = ['recorded', event('user_enabled')]
    assert.deepEqual(script.lines, ['begin', ['setDisabled', userId, null], recorded, 'commit'])
  })

  it('that is not disabled does nothing, and leaves no event', async () => {
    const { script, deps } = administering(false)
    assert.equal(await enableUser(deps)(userId), false)
    assert.deepEqual(script.lines, ['begin', ['setDisabled', userId, null], 'commit'])
  })
})

describe('unlocking an account', () => {
  it('ends its row of failures, on record', async () => {
    const { script, deps } = administering(true)
    assert.equal(await unlockUser(deps)(userId), true)
    assert.deepEqual(script.lines, [
      ['unlock', user.email],
      ['clearFailures', userId],
      ['noted', event('user_unlocked')],
    ])
  })

  it('without a failure gives the quota for unknown places back, on record', async () => {
    const { script, deps } = administering(false, { isUsed: true })
    assert.equal(await unlockUser(deps)(userId), true)
    assert.deepEqual(script.lines.at(-1), ['noted', event('user_unlocked')])
  })

  it('without a failure and with its whole quota does nothing, and leaves no event', async () => {
    const { script, deps } = administering(false)
    assert.equal(await unlockUser(deps)(userId), false)
    assert.deepEqual(script.lines, [
      ['unlock', user.email],
      ['clearFailures', userId],
    ])
  })

  it('that is not there does nothing', async () => {
    const { script, deps } = administering(true, { isThere: false })
    assert.equal(await unlockUser(deps)(userId), false)
    assert.deepEqual(script.lines, [])
  })
})
