import { parseEmailAddress } from '../../kernel/email-address.ts'
import { parseUserId } from '../../kernel/ids.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { AccountRecord } from '../domain/account-record.ts'
import { allowedFailures, type IsLockedOut, type Whence } from '../domain/lockout.ts'
import type { AccountRecords } from './ports.ts'

interface Deps {
  readonly records: Pick<AccountRecords, 'find'>
  readonly isLockedOut: IsLockedOut
}

export interface ShownAccount extends AccountRecord {
  /** From where no password is tried any more. */
  readonly lockedOut: readonly Whence[]
}

/**
 * One account, by its id or its address.
 *
 * @throws Refusal not_found.
 */
export const showAccount =
  ({ records, isLockedOut }: Deps) =>
  async (idOrEmail: string): Promise<ShownAccount> => {
    const id = parseUserId(idOrEmail)
    const email = parseEmailAddress(idOrEmail)
    const record = id !== null ? await records.find({ id }) : email !== null ? await records.find({ email }) : null
    if (record === null) throw new Refusal('not_found', { because: 'no account has this id or address' })
    const lockedOut = (Object.keys(allowedFailures) as Whence[]).filter((from) =>
      // The next attempt is the one in question.
      isLockedOut(record.failures[from] + 1, from),
    )
    return { ...record, lockedOut }
  }
