import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAccount } from '../../../src/accounts/application/create-account.ts'
import { deleteAccount } from '../../../src/accounts/application/delete-account.ts'
import { listAccounts } from '../../../src/accounts/application/list-accounts.ts'
import { setPassword } from '../../../src/accounts/application/set-password.ts'
import { showAccount } from '../../../src/accounts/application/show-account.ts'
import type { AccountRecord } from '../../../src/accounts/domain/account-record.ts'
import { isLockedOut } from '../../../src/accounts/domain/lockout.ts'
import type { AcceptedPassword } from '../../../src/accounts/domain/password-policy.ts'
import { notAnAddress } from '../../../src/accounts/domain/user.ts'
import type { UserId } from '../../../src/kernel/ids.ts'
import { Refusal } from '../../../src/kernel/refusal.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { transcript } from '../../support/transcript.ts'
import { email, now, user, userId } from '../sample.ts'

const operator = { ip: null, userAgent: 'latchkey/1 operator root@db', requestId: 'a'.repeat(32) }
const record: AccountRecord = {
  ...{ id: userId, email, createdAt: now, disabledAt: null, hasPassword: true },
  failures: { known: 0, elsewhere: 0 },
}
const password = new Secret('a password of theirs')
const event = (kind: string) => ({ kind, at: now, userId, sessionId: null, caller: operator })

interface Scene {
  /** Whether the account is there when it is looked for, and when it is locked. */
  readonly found?: boolean
  readonly locked?: boolean
  readonly free?: boolean
  readonly accepts?: boolean
}

/** Why there is no account to do a thing to, and what was done before that was known. */
const gone: [Scene, because: string, lines: unknown[]][] = [
  [{ found: false }, 'no account has this id', []],
  [{ locked: false }, 'the account was deleted meanwhile', ['begin', ['lock'], 'commit']],
]

function scene({ found = true, locked = found, free = true, accepts = true }: Scene = {}) {
  const script = transcript()
  const refused = new Refusal('validation_failed', { errors: [] })
  const deps = {
    ...{ audit: script.audit, transact: script.transact, clock: () => now },
    accounts: {
      async insert(transaction: never, account: { email: string; passwordHash: string }) {
        script.didWithin(transaction, 'insert', account.email, account.passwordHash)
        return free ? user : null
      },
      async replaceHash(transaction: never, id: UserId, epoch: number, to: string) {
        script.didWithin(transaction, 'replaceHash', id, epoch, to)
        return true
      },
      async clearFailures() {
        script.did('clearFailures')
        return true
      },
    },
    records: {
      find: async ({ id }: { id?: UserId }) => (found && id === userId ? record : null),
      async lock(transaction: never) {
        script.didWithin(transaction, 'lock')
        return locked ? { epoch: 3 } : null
      },
      remove: async (transaction: never, id: UserId) => script.didWithin(transaction, 'remove', id),
    },
    hasher: { hash: async (accepted: AcceptedPassword) => `hash of ${accepted.reveal()}` },
    revokeSessions: async (transaction: never, of: object) => script.didWithin(transaction, 'revokeSessions', of),
    loginGuard: {
      forget: async (of: string) => script.did('forget', of),
      unlock: async (of: string) => script.did('unlock', of),
    },
    async acceptPassword(given: Secret, ...of: string[]) {
      assert.deepEqual(of, [email, 'password'], 'the policy is asked about another account or field')
      if (!accepts) throw refused
      return given as AcceptedPassword
    },
  }
  // The doubles take what the ports take: a transaction of any kind is one to them.
  return { script, deps: deps as never }
}

describe('creating an account as an operator', () => {
  it('hashes what the policy accepts, and is on record in the same transaction', async () => {
    const { script, deps } = scene()
    assert.deepEqual(await createAccount(deps)({ email: 'JANE@example.com', password }, operator), user)
    assert.deepEqual(script.lines, [
      ...['begin', ['insert', email, `hash of ${password.reveal()}`]],
      ...[['recorded', event('user_created')], 'commit'],
    ])
  })

  it('refuses what is no address, a password that the policy refuses, and an address that is taken', async () => {
    const refused: [Scene, string, object][] = [
      [{}, 'jane', { code: 'validation_failed', errors: [notAnAddress] }],
      [{ accepts: false }, email, { code: 'validation_failed' }],
      [{ free: false }, email, { code: 'email_taken', because: 'an account with this address exists' }],
    ]
    for (const [given, address, refusal] of refused) {
      const { script, deps } = scene(given)
      await assert.rejects(createAccount(deps)({ email: address, password }, operator), { name: 'Refusal', ...refusal })
      assert.ok(!script.lines.some((line) => Array.isArray(line) && line[0] === 'recorded'))
    }
  })
})

describe('deleting an account', () => {
  it('ends its sessions and deletes it in one transaction, under its lock, and then forgets its places', async () => {
    const { script, deps } = scene()
    await deleteAccount(deps)(userId, operator)
    assert.deepEqual(script.lines, [
      ...['begin', ['lock'], ['revokeSessions', { userId, but: null, now, caller: operator, byOperator: true }]],
      ...[['remove', userId], ['recorded', event('user_deleted')], 'commit'],
      ['forget', email],
    ])
  })

  it('that is not there, or no longer, is refused and leaves no event', async () => {
    for (const [given, because, lines] of gone) {
      const { script, deps } = scene(given)
      await assert.rejects(deleteAccount(deps)(userId, operator), { code: 'not_found', because })
      assert.deepEqual(script.lines, lines)
    }
  })
})

describe('setting a password as an operator', () => {
  it('replaces the hash and ends all sessions in one transaction, and then takes failures and places away', async () => {
    const { script, deps } = scene()
    await setPassword(deps)(userId, password, operator)
    assert.deepEqual(script.lines, [
      ...['begin', ['lock'], ['replaceHash', userId, 3, `hash of ${password.reveal()}`]],
      ...[
        ['revokeSessions', { userId, but: null, now, caller: operator, byOperator: true }],
        ['recorded', event('password_set')],
      ],
      ...['commit', ['clearFailures'], ['unlock', email], ['forget', email]],
    ])
  })

  it('is refused for what the policy refuses, and before anything is done', async () => {
    const { script, deps } = scene({ accepts: false })
    await assert.rejects(setPassword(deps)(userId, password, operator), { code: 'validation_failed' })
    assert.deepEqual(script.lines, [])
  })

  it('of an account that is not there, or no longer, is refused and leaves no event', async () => {
    for (const [given, because, lines] of gone) {
      const { script, deps } = scene(given)
      await assert.rejects(setPassword(deps)(userId, password, operator), { code: 'not_found', because })
      assert.deepEqual(script.lines, lines)
    }
  })
})

describe('showing an account', () => {
  const records = (failures: AccountRecord['failures']) => ({
    async find(by: object) {
      const [asked] = Object.values(by)
      assert.ok(asked !== null, 'neither an id nor an address is looked for')
      return asked === userId || asked === email ? { ...record, failures } : null
    },
  })

  it('finds it by its id and by its address in any case, and tells from where it is locked out', async () => {
    const show = showAccount({ records: records({ known: 49, elsewhere: 50 }), isLockedOut })
    assert.deepEqual((await show('7')).lockedOut, ['elsewhere'])
    assert.equal((await show('Jane@Example.com')).id, userId)
  })

  it('refuses whom it does not know, and what is neither an id nor an address', async () => {
    const show = showAccount({ records: records({ known: 0, elsewhere: 0 }), isLockedOut })
    for (const text of ['8', 'john@example.com', '07', 'jane', ''])
      await assert.rejects(show(text), { code: 'not_found', because: 'no account has this id or address' })
  })
})

describe('listing accounts', () => {
  it('goes on over stretches in which there is none, until the page is full or nothing is left', async () => {
    const asked: [number, number][] = []
    const page = (id: number) => ({ ...record, id: id as UserId })
    const answers = [
      { records: [page(3)], next: 10 },
      { records: [], next: 20 },
      { records: [page(21), page(22)], next: 22 },
    ]
    const records = {
      async list(_filter: object, after: number, count: number) {
        asked.push([after, count])
        return answers[asked.length - 1] ?? { records: [], next: null }
      },
    } as never
    const looked: number[] = []
    const { accounts, next } = await listAccounts({ records })({}, 0, 3, (id) => looked.push(id))
    assert.deepEqual(asked, [
      [0, 3],
      [10, 2],
      [20, 2],
    ])
    assert.deepEqual([accounts.map(({ id }) => id), next, looked], [[3, 21, 22], 22, [10, 20]])
  })

  it('ends with the last stretch, though the page is not full', async () => {
    let asked = 0
    const records = {
      async list() {
        assert.equal(++asked, 1, 'asked on behind the end')
        return { records: [record], next: null }
      },
    } as never
    assert.deepEqual(await listAccounts({ records })({}, 0, 3), { accounts: [record], next: null })
  })
})
