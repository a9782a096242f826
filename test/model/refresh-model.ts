/**
 * What a refresh has to do, as a machine of a few lines: one session on the service's side, and around it two honest
 * tabs, a thief and a clock. Written from the contract and not from `src`, so that a mistake there is not repeated here.
 */

/** Durations in milliseconds. */
export interface Rules {
  readonly policy: 'refuse' | 'repeat'
  readonly window: number
  readonly refreshTtl: number
  readonly maxAge: number
  readonly accessTtl: number
}

/** What a refresh token says that matters here. */
export interface Token {
  readonly generation: number
  readonly exp: number
}

/** The session's row, which is all that outlives the process. */
export interface Row {
  readonly generation: number
  readonly usedAt: number
  readonly idleEnd: number
  readonly end: number
  readonly revoked: boolean
}

/** A process may remember things too. The contract needs no memory; a flawed machine that does is to be found out. */
export interface Service {
  readonly row: Row
  readonly remembersRevoked: boolean
}

export type Answer =
  | { readonly status: 200; readonly token: Token; readonly accessEnd: number }
  | { readonly status: 204 }
  | { readonly status: 401; readonly code: 'invalid_token' | 'token_expired' | 'refresh_token_reused' }

/** The questions that the contract answers, one function each, so that a test can answer one of them wrongly. */
export interface Machine {
  readonly rules: Rules
  readonly isExpired: (token: Token, now: number) => boolean
  readonly isOver: (service: Service) => boolean
  readonly isCurrent: (row: Row, token: Token) => boolean
  /** Whether the token was used just before, by another tab or by a call whose answer got lost. */
  readonly isRaced: (row: Row, token: Token, now: number) => boolean
  readonly advanced: (row: Row, now: number) => Row
  readonly afterRace: (service: Service, now: number) => Service
  readonly afterReuse: (service: Service) => Service
  readonly afterLogout: (service: Service) => Service
  readonly afterEndingOthers: (service: Service) => Service
  readonly afterBeingEnded: (service: Service) => Service
  readonly afterRestart: (service: Service) => Service
  readonly newest: (row: Row) => Token
  readonly again: (row: Row, now: number) => Token
}

/** Tokens speak whole seconds, so every end is one. */
const wholeSecond = (moment: number) => Math.floor(moment / 1000) * 1000

const revoked = (service: Service): Service => ({ ...service, row: { ...service.row, revoked: true } })
const same = (service: Service): Service => service
const newest = (row: Row): Token => ({ generation: row.generation, exp: row.idleEnd })

export function machine(rules: Rules, answers: Partial<Machine> = {}): Machine {
  return {
    rules,
    isExpired: (token, now) => now >= token.exp,
    isOver: ({ row }) => row.revoked,
    isCurrent: (row, token) => token.generation === row.generation,
    isRaced: (row, token, now) => token.generation === row.generation - 1 && now - row.usedAt < rules.window,
    advanced: (row, now) => ({
      ...row,
      generation: row.generation + 1,
      usedAt: now,
      idleEnd: Math.min(wholeSecond(now) + rules.refreshTtl, row.end),
    }),
    afterRace: same,
    afterReuse: revoked,
    afterLogout: revoked,
    afterEndingOthers: same,
    afterBeingEnded: revoked,
    afterRestart: ({ row }) => ({ row, remembersRevoked: false }),
    newest,
    again: newest,
    ...answers,
  }
}

/** The table of the contract, from its first row to its last. */
function refresh(of: Machine, service: Service, token: Token, now: number): [Service, Answer] {
  const { row } = service
  if (of.isExpired(token, now)) return [service, refused('token_expired')]
  if (of.isOver(service) || token.generation > row.generation) return [service, refused('invalid_token')]
  if (of.isCurrent(row, token)) {
    const advanced = of.advanced(row, now)
    return [{ ...service, row: advanced }, granted(of, advanced, of.newest(advanced), now)]
  }
  if (of.isRaced(row, token, now)) {
    const after = of.afterRace(service, now)
    if (of.rules.policy === 'repeat') return [after, granted(of, row, of.again(row, now), now)]
    return [after, refused('refresh_token_reused')]
  }
  return [of.afterReuse(service), refused('refresh_token_reused')]
}

const refused = (code: (Answer & { status: 401 })['code']): Answer => ({ status: 401, code })

const granted = (of: Machine, row: Row, token: Token, now: number): Answer => ({
  status: 200,
  token,
  accessEnd: Math.min(wholeSecond(now) + of.rules.accessTtl, row.end),
})

/** A refresh token that somebody was given, and what was seen to become of it: known from answers alone. */
export interface Issued {
  readonly token: Token
  readonly firstUse: number | null
  /** The place of its successor among those issued. */
  readonly successor: number | null
}

/** The whole scene. Tokens are named by their place in `issued`. */
export interface World {
  readonly now: number
  readonly service: Service
  readonly issued: readonly Issued[]
  /** The token that each honest tab holds. */
  readonly tabs: readonly [number, number]
  /** The end of the newest access token that an honest tab was answered. */
  readonly accessEnd: number
  /** Whether something has happened that must have ended the session for good. */
  readonly over: boolean
}

export type Action =
  /** A tab refreshes; when its answer gets lost, it keeps the old token and may try again. */
  | { readonly kind: 'refresh'; readonly tab: 0 | 1; readonly heard: boolean }
  /** The tabs look into the storage that they share. */
  | { readonly kind: 'share' }
  /** A thief presents any token ever issued, stolen at any time. */
  | { readonly kind: 'steal'; readonly token: number }
  | { readonly kind: 'logout'; readonly token: number }
  /** The person ends all other sessions from this one, as a change of password does. */
  | { readonly kind: 'endOthers' }
  /** The person does so from another device, which has just logged in. */
  | { readonly kind: 'beEnded' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'wait'; readonly ms: number }

/** One step as an onlooker sees it. */
export interface Seen {
  readonly rules: Rules
  readonly before: World
  readonly action: Action
  /** The place of the refresh token that was presented, to refresh or to log out. */
  readonly presented: number | null
  readonly answer: Answer | null
  /** The place of the token in an answer of 200. */
  readonly given: number | null
  readonly after: World
}

/** A session that was opened at `now`. */
export function opened(rules: Rules, now = 0): World {
  const end = wholeSecond(now) + rules.maxAge
  const idleEnd = Math.min(wholeSecond(now) + rules.refreshTtl, end)
  return {
    now,
    service: { row: { generation: 0, usedAt: now, idleEnd, end, revoked: false }, remembersRevoked: false },
    issued: [{ token: { generation: 0, exp: idleEnd }, firstUse: null, successor: null }],
    tabs: [0, 0],
    accessEnd: Math.min(wholeSecond(now) + rules.accessTtl, end),
    over: false,
  }
}

export function step(of: Machine, before: World, action: Action): Seen {
  const seen = (after: World, presented: number | null = null, answer: Answer | null = null, given?: number): Seen => ({
    rules: of.rules,
    before,
    action,
    presented,
    answer,
    given: given ?? null,
    after,
  })
  const { service, now } = before

  switch (action.kind) {
    case 'wait':
      return seen({ ...before, now: now + action.ms })
    case 'restart':
      return seen({ ...before, service: of.afterRestart(service) })
    case 'share': {
      const newest = Math.max(...before.tabs)
      return seen({ ...before, tabs: [newest, newest] })
    }
    case 'endOthers': {
      if (now >= before.accessEnd) return seen(before, null, refused('token_expired'))
      if (of.isOver(service) || now >= service.row.idleEnd) return seen(before, null, refused('invalid_token'))
      return seen({ ...before, service: of.afterEndingOthers(service) }, null, { status: 204 })
    }
    case 'beEnded':
      return seen({ ...before, service: of.afterBeingEnded(service), over: true }, null, { status: 204 })
    case 'logout': {
      const token = tokenAt(before, action.token)
      if (of.isExpired(token, now)) return seen(before, action.token, refused('token_expired'))
      return seen({ ...before, service: of.afterLogout(service), over: true }, action.token, { status: 204 })
    }
    case 'refresh':
    case 'steal': {
      const presented = action.kind === 'refresh' ? before.tabs[action.tab] : action.token
      const [next, answer] = refresh(of, service, tokenAt(before, presented), now)
      const { issued, given } = record(before, presented, answer)
      const hears = action.kind === 'refresh' && action.heard && answer.status === 200
      const holds = (tab: 0 | 1) => (hears && action.tab === tab ? (given ?? 0) : before.tabs[tab])
      const after = {
        ...before,
        service: next,
        issued,
        tabs: [holds(0), holds(1)] as const,
        accessEnd: hears ? answer.accessEnd : before.accessEnd,
        over: before.over || isReuse(before, presented, of.rules),
      }
      return seen(after, presented, answer, given)
    }
  }
}

const tokenAt = (world: World, place: number): Token => issuedAt(world, place).token

export function issuedAt(world: World, place: number): Issued {
  const issued = world.issued[place]
  if (!issued) throw new RangeError(`no token was issued at place ${place}`)
  return issued
}

/** Keeps the books of an answer of 200: who followed whom, and when a token was first used. */
function record(before: World, presented: number, answer: Answer): { issued: readonly Issued[]; given?: number } {
  if (answer.status !== 200) return { issued: before.issued }
  const known = before.issued.findIndex(
    ({ token }) => token.generation === answer.token.generation && token.exp === answer.token.exp,
  )
  const given = known === -1 ? before.issued.length : known
  const parent = issuedAt(before, presented)
  const issued = [...before.issued]
  issued[presented] = {
    token: parent.token,
    firstUse: parent.firstUse ?? before.now,
    successor: parent.successor ?? given,
  }
  if (known === -1) issued.push({ token: answer.token, firstUse: null, successor: null })
  return { issued, given }
}

/** Whether the books make of this presentation a race or a lost answer: within the window, the successor unused. */
export function isRace(before: World, presented: number, rules: Rules): boolean {
  const { token, firstUse, successor } = issuedAt(before, presented)
  if (before.over || before.now >= token.exp || firstUse === null || successor === null) return false
  return before.now - firstUse < rules.window && issuedAt(before, successor).firstUse === null
}

/** Whether the books make of this presentation a theft: the honest client has moved on, or the window has passed. */
export function isReuse(before: World, presented: number, rules: Rules): boolean {
  const { token, firstUse } = issuedAt(before, presented)
  if (before.over || before.now >= token.exp || firstUse === null) return false
  return !isRace(before, presented, rules)
}
