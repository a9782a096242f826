import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EmailAddress } from '../../../src/kernel/email-address.ts'
import type { UserId } from '../../../src/kernel/ids.ts'
import { settleBatch } from '../../../src/transfer/domain/settle-batch.ts'
import { type GivenUser, type NewUser, readUser } from '../../../src/transfer/domain/user-row.ts'

const now = new Date('2026-11-22T12:00:00.000Z')
const ann = { email: 'Ann@Example.com', passwordHash: null }

describe('a line', () => {
  const read = (given: Partial<GivenUser>, keepIds = false) => readUser(1, { ...ann, ...given }, { keepIds, now })

  it('gets what it does not say: no password, not disabled, created now, a new id', () => {
    assert.deepEqual(read({}), {
      line: 1,
      id: null,
      email: 'ann@example.com',
      passwordHash: null,
      createdAt: now,
      disabledAt: null,
    })
  })

  for (const [given, keepIds, because] of [
    [{ email: undefined }, false, 'invalid_email'],
    [{ email: 7 }, false, 'invalid_email'],
    [{ email: 'ann' }, false, 'invalid_email'],
    [{ email: 'änn@example.com' }, false, 'invalid_email'],
    [{ id: undefined }, true, 'invalid_id'],
    [{ id: 0 }, true, 'invalid_id'],
    [{ id: '01' }, true, 'invalid_id'],
    [{ id: 1.5 }, true, 'invalid_id'],
    [{ id: 2 ** 53 }, true, 'invalid_id'],
    [{ id: '8d2f5e1c-0000-4000-8000-000000000001' }, true, 'invalid_id'],
    [{ createdAt: 'yesterday' }, false, 'invalid_time'],
    [{ createdAt: '2024-13-01T00:00:00Z' }, false, 'invalid_time'],
    [{ createdAt: -1 }, false, 'invalid_time'],
    [{ createdAt: 1e300 }, false, 'invalid_time'],
    [{ createdAt: {} }, false, 'invalid_time'],
    [{ disabledAt: 'true' }, false, 'invalid_time'],
    [{ disabled: 'maybe' }, false, 'invalid_disabled'],
    [{ disabled: 'constructor' }, false, 'invalid_disabled'],
    [{ enabled: 'maybe' }, false, 'invalid_disabled'],
  ] as const) {
    it(`is refused: ${JSON.stringify(given)}: ${because}`, () => assert.equal(read(given, keepIds), because))
  }

  for (const [given, moment] of [
    ['2024-05-01T10:20:30.123Z', '2024-05-01T10:20:30.123Z'],
    ['2024-05-01T10:20:30.123456+00:00', '2024-05-01T10:20:30.123Z'],
    ['2024-05-01 10:20:30.123456+00', '2024-05-01T10:20:30.123Z'],
    ['2024-05-01 12:20:30+02', '2024-05-01T10:20:30.000Z'],
    ['2024-05-01 15:50:30+0530', '2024-05-01T10:20:30.000Z'],
    ['2024-05-01 10:20:30', '2024-05-01T10:20:30.000Z'],
    ['2024-05-01 10:20:30 UTC', '2024-05-01T10:20:30.000Z'],
    [1714558830123, '2024-05-01T10:20:30.123Z'],
    ['1714558830123', '2024-05-01T10:20:30.123Z'],
  ] as const) {
    it(`reads the moment ${given}`, () => {
      const user = read({ createdAt: given })
      assert.equal(typeof user === 'object' && user.createdAt.toISOString(), moment)
    })
  }

  it('keeps an id as a number or as its decimal text, and reads who is disabled and since when', () => {
    for (const id of [17, '17']) assert.equal((read({ id }, true) as NewUser).id, 17)
    for (const disabled of [true, 't', 'TRUE', '1']) assert.deepEqual((read({ disabled }) as NewUser).disabledAt, now)
    for (const disabled of [false, 'f', '', null, '0']) assert.equal((read({ disabled }) as NewUser).disabledAt, null)
    for (const enabled of [false, 'f']) assert.deepEqual((read({ enabled }) as NewUser).disabledAt, now)
    for (const enabled of [true, 't', '', null]) assert.equal((read({ enabled }) as NewUser).disabledAt, null)
    const since = '2025-01-01T00:00:00.000Z'
    assert.equal((read({ disabledAt: since }) as NewUser).disabledAt?.toISOString(), since)
  })
})

describe('a ban with an end', () => {
  const [past, ahead] = ['2026-11-22T11:59:59Z', '2026-11-22T12:00:01Z']
  for (const [given, disabled] of [
    [{ disabledUntil: ahead }, true],
    [{ disabledUntil: 'infinity' }, true],
    [{ disabledUntil: past }, false],
    [{ disabledUntil: ahead, disabled: true }, true],
    [{ disabledUntil: past, disabled: true }, false],
    [{ disabledUntil: ahead, disabled: false }, false],
    [{ disabledUntil: past, enabled: false }, true],
    [{ disabledUntil: past, disabledAt: past }, true],
  ] as const) {
    it(`${disabled ? 'holds' : 'does not hold'}: ${JSON.stringify(given)}`, () => {
      const user = readUser(1, { ...ann, ...given }, { keepIds: false, now }) as NewUser
      assert.equal(user.disabledAt !== null, disabled)
    })
  }
})

describe('a batch', () => {
  const user = (line: number, email: string, passwordHash: string | null = 'hash', id: number | null = null) =>
    ({ line, email, passwordHash, id, createdAt: now, disabledAt: null }) as NewUser
  const known = { id: 1 as UserId, email: 'a@example.com' as EmailAddress, passwordHash: 'hash' }

  it('lets the first with an address or an id have it, and tells the same person from another', () => {
    const settled = settleBatch(
      [
        user(1, 'a@example.com'),
        user(2, 'a@example.com', 'other'),
        user(3, 'b@example.com', 'hash', 1),
        user(4, 'c@example.com', null, 7),
        user(5, 'd@example.com', null, 7),
        user(6, 'c@example.com', null, 7),
        user(7, 'c@example.com', null, 8),
      ],
      [known],
    )
    assert.deepEqual(
      settled.fresh.map(({ line }) => line),
      [4],
    )
    assert.equal(settled.alreadyThere, 2)
    assert.deepEqual(settled.refused, [
      { line: 2, because: 'email_taken' },
      { line: 3, because: 'id_taken' },
      { line: 5, because: 'id_taken' },
      { line: 7, because: 'email_taken' },
    ])
  })
})
