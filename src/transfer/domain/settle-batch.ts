import type { EmailAddress } from '../../kernel/email-address.ts'
import type { UserId } from '../../kernel/ids.ts'
import type { NewUser } from './user-row.ts'

interface Known {
  readonly id: UserId | null
  readonly email: EmailAddress
  readonly passwordHash: string | null
}

type Taken = 'email_taken' | 'id_taken' | 'id_spent'

export interface Settled {
  readonly fresh: readonly NewUser[]
  readonly alreadyThere: number
  readonly refused: readonly { readonly line: number; readonly because: Taken }[]
}

/**
 * Which of these are new, beside those who are there and beside each other: the first with an address or an id has it.
 * Who comes again with the same hash, and the same id if ids are kept, is the same person. An id that is spent was that
 * of somebody who is gone: what is on record of them would speak of another.
 */
export function settleBatch(
  given: readonly NewUser[],
  known: readonly Known[],
  spentIds: readonly UserId[] = [],
): Settled {
  const byEmail = new Map<string, Known>(known.map((one) => [one.email, one]))
  const ids = new Set(known.map(({ id }) => id))
  const spent = new Set(spentIds)
  const fresh: NewUser[] = []
  const refused: { line: number; because: Taken }[] = []
  let alreadyThere = 0
  for (const user of given) {
    const there = byEmail.get(user.email)
    if (there && isSame(user, there)) alreadyThere++
    else if (there) refused.push({ line: user.line, because: 'email_taken' })
    else if (user.id !== null && ids.has(user.id)) refused.push({ line: user.line, because: 'id_taken' })
    else if (user.id !== null && spent.has(user.id)) refused.push({ line: user.line, because: 'id_spent' })
    else {
      fresh.push(user)
      byEmail.set(user.email, user)
      if (user.id !== null) ids.add(user.id)
    }
  }
  return { fresh, alreadyThere, refused }
}

const isSame = (user: NewUser, there: Known): boolean =>
  user.passwordHash === there.passwordHash && (user.id === null || user.id === there.id)
