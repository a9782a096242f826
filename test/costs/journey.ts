import assert from 'node:assert/strict'
import { compact, decode, hs256, macKey, secretKey } from '../support/forge.ts'
import { password } from '../support/service.ts'

/** Somebody with an address of their own, and the newest tokens. */
export interface Person {
  readonly email: string
  readonly ip: string
  access: string
  refresh: string
  /** The sessions so far, by their ids, and the refresh tokens of the newest that were used. */
  readonly sessions: string[]
  used: string[]
}

/** One kind of request: how a person makes it, and what it must answer. */
export interface Step<Name = Kind> {
  readonly method: string
  readonly path: string | ((person: Person) => string)
  readonly status: number
  /** What the person does before, which is not of this request's cost. */
  readonly after?: readonly Name[]
  readonly send?: (person: Person) => { json?: unknown; token?: string; ip?: string }
}

const credentials = ({ email }: Person) => ({ json: { email, password } })
const forged = (token: string) => `${token.slice(0, -9)}AAAAAAAAA`
/** The token as it would be if the session had last been used long ago. */
function aged(token: string): string {
  const { header, claims } = decode(token)
  const [iat, exp] = [claims.iat, claims.exp].map((at) => Number(at) - 5 * 3600)
  return compact(header, { ...claims, iat, exp }, hs256(macKey()))
}

/** Each kind of request, in an order in which each finds what it needs: whoever refreshes has logged in before. */
export const journey = {
  register: { method: 'POST', path: '/api/v1/auth/register', status: 200, send: credentials },
  login: { method: 'POST', path: '/api/v1/auth/login', status: 200, send: credentials },
  'login from a new place': {
    method: 'POST',
    path: '/api/v1/auth/login',
    status: 200,
    send: (person) => ({ ...credentials(person), ip: `10.${1 + (newPlaces++ % 250)}.${newPlaces % 250}.7` }),
  },
  'failed login': {
    method: 'POST',
    path: '/api/v1/auth/login',
    status: 401,
    send: ({ email }) => ({ json: { email, password: 'not_the_password_1' } }),
  },
  refresh: {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    status: 200,
    send: ({ refresh }) => ({ token: refresh }),
  },
  'raced refresh': {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    status: 401,
    send: ({ used }) => ({ token: used.at(-1) ?? '' }),
  },
  'expired refresh': {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    status: 401,
    send: ({ refresh }) => ({ token: aged(refresh) }),
  },
  'forged refresh': {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    status: 401,
    send: ({ refresh }) => ({ token: forged(refresh) }),
  },
  me: { method: 'GET', path: '/api/v1/users/me', status: 200, send: ({ access }) => ({ token: access }) },
  'forged me': {
    method: 'GET',
    path: '/api/v1/users/me',
    status: 401,
    send: ({ access }) => ({ token: forged(access) }),
  },
  sessions: {
    method: 'GET',
    path: '/api/v1/users/me/sessions',
    status: 200,
    send: ({ access }) => ({ token: access }),
  },
  jwks: { method: 'GET', path: '/.well-known/jwks.json', status: 200 },
  metadata: { method: 'GET', path: '/.well-known/oauth-authorization-server', status: 200 },
  'forged logout': {
    method: 'POST',
    path: '/api/v1/auth/logout',
    status: 401,
    send: ({ refresh }) => ({ token: forged(refresh) }),
  },
  logout: { method: 'POST', path: '/api/v1/auth/logout', status: 204, send: ({ refresh }) => ({ token: refresh }) },
  'reused refresh': {
    method: 'POST',
    path: '/api/v1/auth/refresh',
    status: 401,
    after: ['login', 'refresh', 'refresh'],
    send: ({ used }) => ({ token: used[0] ?? '' }),
  },
  'end a session': {
    method: 'DELETE',
    path: ({ sessions }) => `/api/v1/users/me/sessions/${sessions.at(-2)}`,
    status: 204,
    after: ['login', 'login'],
    send: ({ access }) => ({ token: access }),
  },
  'end the other sessions': {
    method: 'DELETE',
    path: '/api/v1/users/me/sessions',
    status: 204,
    after: ['login'],
    send: ({ access }) => ({ token: access }),
  },
  'change of password': {
    method: 'PUT',
    path: '/api/v1/users/me/password',
    status: 204,
    after: ['login'],
    send: ({ access }) => ({ token: access, json: { current_password: password, new_password: `${password}4` } }),
  },
} as const satisfies Record<string, Step<string>>

export type Kind = keyof typeof journey
export const kinds = Object.keys(journey) as Kind[]

let newPlaces = 0
let people = 0

/** People who have never been here. Each has an address of their own, so that no limit is anybody's. */
export const newPeople = (count: number): Person[] =>
  Array.from({ length: count }, () => {
    const number = ++people
    const ip = `192.${168 + Math.floor(number / 62_500)}.${Math.floor(number / 250) % 250}.${1 + (number % 250)}`
    return {
      email: `person-${String(number).padStart(6, '0')}@example.com`,
      ip,
      access: '',
      refresh: '',
      sessions: [],
      used: [],
    }
  })

/** Brings a person to where a kind of request finds what it needs. */
export async function arrive(url: string, kind: Kind, person: Person): Promise<void> {
  const { after = [] }: Step = journey[kind]
  for (const before of after) await take(url, before, person)
}

/** Makes one request, checks its status, and gives the person the tokens of the answer. */
export async function take(url: string, kind: Kind, person: Person): Promise<void> {
  const step: Step = journey[kind]
  const { json, token, ip = person.ip } = step.send?.(person) ?? {}
  const path = typeof step.path === 'string' ? step.path : step.path(person)
  const response = await fetch(new URL(path, url), {
    method: step.method,
    headers: {
      // By way of a proxy that is trusted: so it comes from the person's address.
      'x-forwarded-for': ip,
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  assert.equal(response.status, step.status, `${kind}: ${text}`)
  if (text.includes('"refresh_token"')) {
    const { access_token, refresh_token } = JSON.parse(text)
    const sid = String(decode(refresh_token).claims.sid)
    if (person.sessions.at(-1) === sid) {
      person.used.push(person.refresh)
    } else {
      person.sessions.push(sid)
      person.used = []
    }
    Object.assign(person, { access: access_token, refresh: refresh_token })
  }
}

/** What the service is told in its environment so that this journey is one that its limits allow. */
export const journeyEnv = {
  SECRET_KEY: secretKey,
  RATE_LIMIT: 'on',
  TRUSTED_PROXIES: '127.0.0.1',
  ACCESS_TOKEN_TTL: '4h',
  REFRESH_TOKEN_TTL: '4h',
}
