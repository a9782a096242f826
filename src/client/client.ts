import type { Api } from './api-types.ts'
import { bearerFetch } from './bearer-fetch.ts'
import { type Call, createCall, withMembers } from './call.ts'
import { isTokenRefusal, Refused } from './refused.ts'
import { createRenewal, type Renewal } from './renewal.ts'
import { createTabs, noTabs, type Tabs } from './tabs.ts'
import { keepTokens, type TokenKeeper } from './token-keeper.ts'
import type { AuthEvent, SignOutReason } from './token-state.ts'
import { memoryTokens, type TokenStorage, tokenMembers } from './tokens.ts'

export type Credentials = Api['POST /api/v1/auth/login']['body']
export type User = Api['GET /api/v1/users/me']['answer']
export type Session = Api['GET /api/v1/users/me/sessions']['answer']['sessions'][number]

export interface ClientOptions {
  /** Where the service is, such as `https://auth.example.com`. */
  readonly url: string
  /** Further origins whose APIs `client.fetch` gives the access token to, such as `https://api.example.com`. */
  readonly origins?: readonly string[]
  /** Where the tokens are kept: in memory unless said otherwise. */
  readonly storage?: TokenStorage
  /**
   * The name under which the tabs of an app act as one, or false for a client on its own. In a page the default is
   * `url`; elsewhere it is false, since on a server each client may be another person's.
   */
  readonly tabs?: string | false
  readonly onSignedOut?: (because: SignOutReason) => void
  readonly fetch?: typeof fetch
  /** Milliseconds, as of `Date.now`. */
  readonly now?: () => number
}

export interface Client {
  register(credentials: Credentials): Promise<User>
  login(credentials: Credentials): Promise<void>
  /** Signs out here and in the other tabs at once, then ends the session; rejects when the service did not hear of it. */
  logout(): Promise<void>
  me(): Promise<User>
  /** Ends all other sessions; rejects with `invalid_credentials` when the current password is wrong. */
  changePassword(current: string, wanted: string): Promise<void>
  sessions(): Promise<Session[]>
  endSession(id: string): Promise<void>
  endOtherSessions(): Promise<void>
  /** A fresh access token, or null for who is signed out. */
  accessToken(): Promise<string | null>
  /** `fetch` with the access token, for the service and for `origins` alone. */
  fetch: typeof fetch
  /** Hears of sign-in, refresh and sign-out, in other tabs too; answers how to stop. */
  subscribe(listener: (event: AuthEvent) => void): () => void
  /** Leaves the other tabs. For a client that is thrown away while the page lives on. */
  close(): void
}

export function createClient(options: ClientOptions): Client {
  const { url, storage = memoryTokens(), now = Date.now, onSignedOut } = options
  const send: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init))
  const listeners = new Set<(event: AuthEvent) => void>()
  const emit = (event: AuthEvent) => {
    for (const listener of listeners) queueMicrotask(() => listener(event))
    if (event.kind === 'signed_out' && onSignedOut) queueMicrotask(() => onSignedOut(event.because))
  }
  const tabsName = options.tabs ?? ('document' in globalThis && url)
  const call = createCall(url.replace(/\/+$/, ''), send)
  const { tabs, ...keeper } = keepTokens({
    storage,
    now,
    emit,
    openTabs: (listener) =>
      tabsName === false ? noTabs(!!storage.perTab) : createTabs(`latchkey:${tabsName}`, listener),
  })
  const renewal = createRenewal({ keeper, tabs, storage, call, now })
  const accessToken = async () => (await renewal.fresh())?.accessToken ?? null

  return {
    ...accountCalls({ call, keeper, tabs, now }),
    ...personCalls(asPerson(call, renewal)),
    accessToken,
    fetch: bearerFetch({ send, origins: originsOf([url, ...(options.origins ?? [])]), accessToken, ...renewal }),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: tabs.close,
  }
}

const userMembers = { id: 'number', email: 'string' } as const

interface Parts {
  readonly call: Call
  readonly keeper: TokenKeeper
  readonly tabs: Tabs
  readonly now: () => number
}

function accountCalls({ call, keeper, tabs, now }: Parts): Pick<Client, 'register' | 'login' | 'logout'> {
  return {
    register: async (json) => withMembers(await call('POST /api/v1/auth/register', { json }), userMembers),
    async login(json) {
      const askedAt = now()
      const answer = withMembers(await call('POST /api/v1/auth/login', { json }), tokenMembers)
      await tabs.exclusively(() => keeper.keep(answer, askedAt))
    },
    async logout() {
      const tokens = await keeper.read()
      if (!tokens) return
      const ended = call('POST /api/v1/auth/logout', { token: tokens.refreshToken, keepalive: true })
      // Not in turn: nobody waits for the refresh of a session that is to end. What it brings finds a newer state.
      await Promise.allSettled([keeper.drop('logged_out'), ended])
      await ended.catch((failure) => {
        if (!(failure instanceof Refused && isTokenRefusal(failure.code))) throw failure
      })
    },
  }
}

type PersonCalls = 'me' | 'changePassword' | 'sessions' | 'endSession' | 'endOtherSessions'

function personCalls(call: Call): Pick<Client, PersonCalls> {
  return {
    me: async () => withMembers(await call('GET /api/v1/users/me'), userMembers),
    async changePassword(current, wanted) {
      await call('PUT /api/v1/users/me/password', { json: { current_password: current, new_password: wanted } })
    },
    sessions: async () => withMembers(await call('GET /api/v1/users/me/sessions'), { sessions: 'object' }).sessions,
    endSession: async (id) => void (await call('DELETE /api/v1/users/me/sessions/{id}', { id })),
    endOtherSessions: async () => void (await call('DELETE /api/v1/users/me/sessions')),
  }
}

/** Calls with the access token, and once more with a new one when the first is not taken. */
function asPerson(call: Call, renewal: Renewal): Call {
  return async (name, options) => {
    const token = (await renewal.fresh())?.accessToken
    if (!token) throw new Refused(401, { code: 'invalid_token', detail: 'Nobody is signed in.' })
    try {
      return await call(name, { ...options, token })
    } catch (refusal) {
      if (!(refusal instanceof Refused && isTokenRefusal(refusal.code))) throw refusal
      renewal.refuse(token)
      const renewed = await renewal.fresh()
      if (!renewed) throw refusal
      return call(name, { ...options, token: renewed.accessToken })
    }
  }
}

/** @throws TypeError for what is not an exact origin: a token is given to nobody by mistake. */
function originsOf([service = '', ...others]: readonly string[]): ReadonlySet<string> {
  const wrong = others.find((origin) => new URL(origin).origin !== origin)
  if (wrong !== undefined) throw new TypeError(`not an exact origin: ${wrong}`)
  return new Set([new URL(service).origin, ...others])
}
