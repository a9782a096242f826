import type { Account, Answer, Call, Calls, Kind, Request, Session } from '../adapter.ts'

/** What a round asks for: one kind of request, or all of a day. */
export type Asked = Kind | 'mix'

/** One request, as it goes over the wire, and who looks at its answer. */
export interface Turn {
  readonly kind: Kind
  readonly bytes: string
  /** Throws where the answer is not the one that is right. */
  settle(answer: Answer): void
}

/** The sessions of one connection: nobody else uses them, so that no two refreshes of one session meet. */
export interface Lane {
  readonly sessions: Session[]
  at: number
}

export interface ScriptOptions {
  readonly calls: Calls
  readonly asked: Asked
  readonly host: string
  /** Those who log in, in turn. */
  readonly accounts: readonly Account[]
  /** A name for this round that no other has, for the addresses of those who register. */
  readonly round: string
}

/** Out of a hundred requests of a real day one is a login, nine are refreshes and the others `me`, evenly spread. */
export const mixed = (count: number): Kind => {
  const place = count % 100
  if (place === 0) return 'login'
  return place % 11 === 0 ? 'refresh' : 'me'
}

/** Writes the requests of a round, each for the next session of its connection. */
export function createScript({ calls, asked, host, accounts, round }: ScriptOptions): (lane: Lane) => Turn {
  const written = new WeakMap<Session, string>()
  let count = 0
  let jwks: string | undefined

  const call = <K extends Kind>(kind: K): NonNullable<Calls[K]> => {
    const found = calls[kind]
    if (!found) throw new Error(`the adapter has no ${kind}`)
    return found
  }
  const turn = (
    kind: Kind,
    made: Pick<Call<never>, 'status' | 'check'>,
    bytes: string,
    then?: Turn['settle'],
  ): Turn => ({
    kind,
    bytes,
    settle(answer) {
      if (answer.status !== made.status) throw new Error(wrong(kind, made.status, answer))
      made.check?.(answer)
      then?.(answer)
    },
  })

  const write: Record<Kind, (lane: Lane) => Turn> = {
    register() {
      const made = call('register')
      const account = newAccount(`${round}-${count}`)
      return turn('register', made, wire(made.request(account), host))
    },
    login() {
      const made = call('login')
      const account = accounts[count % accounts.length]
      if (!account) throw new Error('nobody can log in')
      return turn('login', made, wire(made.request(account), host), (answer) => {
        made.session?.(answer, account)
      })
    },
    refresh(lane) {
      const made = call('refresh')
      const place = lane.at++ % lane.sessions.length
      const session = sessionAt(lane, place)
      return turn('refresh', made, wire(made.request(session), host), (answer) => {
        if (made.session) lane.sessions[place] = made.session(answer, session)
      })
    },
    me(lane) {
      const made = call('me')
      const session = sessionAt(lane, lane.at++ % lane.sessions.length)
      const bytes = written.get(session) ?? wire(made.request(session), host)
      written.set(session, bytes)
      return turn('me', made, bytes)
    },
    jwks() {
      const made = call('jwks')
      jwks ??= wire(made.request(null), host)
      return turn('jwks', made, jwks)
    },
  }

  return (lane) => {
    const kind = asked === 'mix' ? mixed(count) : asked
    const next = write[kind](lane)
    count++
    return next
  }
}

/** What a round needs for its kind; a mix is one where the server has all of its kinds. */
export const isAskable = (calls: Calls, asked: Asked): boolean =>
  asked === 'mix' ? Boolean(calls.me && calls.refresh && calls.login) : Boolean(calls[asked])

export const newAccount = (name: string): Account => ({
  email: `${name}@bench.example`,
  password: 'Seven-bridges-over-Pregel',
})

/** A request as HTTP/1.1 writes it. The body and the headers are ASCII. */
export function wire({ method, path, headers = {}, body }: Request, host: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body !== undefined || method === 'POST') lines.push(`content-length: ${Buffer.byteLength(body ?? '')}`)
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

function sessionAt(lane: Lane, place: number): Session {
  const session = lane.sessions[place]
  if (!session) throw new Error('a connection without a session')
  return session
}

const wrong = (kind: Kind, expected: number, { status, body }: Answer) =>
  `${kind} was answered ${status} instead of ${expected}: ${body.slice(0, 300)}`
