import { isRace, isReuse, issuedAt, type Row, type Seen } from './refresh-model.ts'

/** What holds at every step, whatever the order of events. Judged from outside: from answers, books and the row. */
export const invariants: Readonly<Record<string, (seen: Seen) => boolean>> = {
  'at most one token is current': ({ after }) =>
    after.over || after.issued.filter((one) => one.firstUse === null && after.now < one.token.exp).length <= 1,

  'a token has one successor, and a repeated answer is that one': ({ before, presented, given, rules }) => {
    if (presented === null || given === null) return true
    const { successor } = issuedAt(before, presented)
    return successor === null || (given === successor && rules.policy === 'repeat')
  },

  'a race or a lost answer ends no session': ({ before, action, presented, after, rules }) =>
    action.kind === 'logout' || presented === null || !isRace(before, presented, rules) || !isOver(after),

  'a race or a lost answer is answered by the policy': ({ before, action, presented, answer, rules }) => {
    if (action.kind === 'logout' || presented === null || !isRace(before, presented, rules)) return true
    if (rules.policy === 'repeat') return answer?.status === 200
    return answer?.status === 401 && answer.code === 'refresh_token_reused'
  },

  'a stolen token ends the session': ({ before, action, presented, answer, after, rules }) => {
    if (action.kind === 'logout' || presented === null || !isReuse(before, presented, rules)) return true
    return isOver(after) && answer?.status === 401 && answer.code === 'refresh_token_reused'
  },

  'a session that is over never comes back': ({ before, answer, after }) =>
    !before.over || (isOver(after) && answer?.status !== 200),

  'the newest token is honoured until its end': ({ before, action, presented, answer, given }) => {
    if (action.kind === 'logout' || presented === null || before.over) return true
    const { token, firstUse } = issuedAt(before, presented)
    if (firstUse !== null || before.now >= token.exp) return true
    return answer?.status === 200 && given !== presented
  },

  'an expired token changes nothing': ({ before, presented, answer, after }) => {
    if (presented === null || before.now < issuedAt(before, presented).token.exp) return true
    return answer?.status === 401 && answer.code === 'token_expired' && isSame(before.service.row, after.service.row)
  },

  'the generation grows by one with a new successor, and never otherwise': ({ before, after }) => {
    const grown = after.service.row.generation - before.service.row.generation
    return grown === 0 || (grown === 1 && after.issued.length === before.issued.length + 1)
  },

  'no refresh moves the absolute end, and nothing outlives it': ({ before, answer, after }) => {
    const { end, idleEnd } = after.service.row
    if (end !== before.service.row.end || idleEnd > end) return false
    return answer?.status !== 200 || (answer.token.exp <= end && answer.accessEnd <= end)
  },

  'who logs out is out': ({ before, action, presented, answer, after }) => {
    if (action.kind !== 'logout' || presented === null) return true
    if (before.now >= issuedAt(before, presented).token.exp) return true
    return answer?.status === 204 && isOver(after)
  },

  'ending the others spares the session that asks': ({ before, action, after }) =>
    action.kind !== 'endOthers' || isSame(before.service.row, after.service.row),

  'a session that another one ends is over': ({ action, after }) => action.kind !== 'beEnded' || isOver(after),

  'time and restarts change no row': ({ before, action, after }) =>
    !['wait', 'restart', 'share'].includes(action.kind) || isSame(before.service.row, after.service.row),
}

export function broken(seen: Seen): string[] {
  const names: string[] = []
  for (const name in invariants) if (!invariants[name]?.(seen)) names.push(name)
  return names
}

const isOver = ({ service }: Seen['after']): boolean => service.row.revoked || service.remembersRevoked

const isSame = (a: Row, b: Row): boolean =>
  a === b ||
  (a.generation === b.generation &&
    a.usedAt === b.usedAt &&
    a.idleEnd === b.idleEnd &&
    a.end === b.end &&
    a.revoked === b.revoked)
