import type { AccountFilter, AccountRecord } from '../domain/account-record.ts'
import type { AccountRecords } from './ports.ts'

interface Deps {
  readonly records: AccountRecords
}

export interface AccountPage {
  readonly accounts: readonly AccountRecord[]
  /** Behind which id the next page begins; null where this is the last. */
  readonly next: number | null
}

/**
 * A page of at most `count` accounts that the filter lets through, in the order of their ids. However many accounts
 * there are, no statement looks at more than a stretch of them, and no more than a page is in memory.
 *
 * @param after the id behind which the page begins; 0 for the first.
 * @param onLooked told up to which id has been looked, while that takes its time.
 */
export const listAccounts =
  ({ records }: Deps) =>
  async (
    filter: AccountFilter,
    after: number,
    count: number,
    onLooked: (id: number) => void = () => undefined,
  ): Promise<AccountPage> => {
    const accounts: AccountRecord[] = []
    for (let place = after; ; ) {
      const found = await records.list(filter, place, count - accounts.length)
      accounts.push(...found.records)
      if (found.next === null || accounts.length === count) return { accounts, next: found.next }
      place = found.next
      onLooked(place)
    }
  }
