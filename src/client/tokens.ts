import type { Api } from './api-types.ts'

export type TokenAnswer = Api['POST /api/v1/auth/login']['answer']

/** What is read of it, and the types. */
export const tokenMembers = { access_token: 'string', refresh_token: 'string', expires_in: 'number' } as const

/** What a login or a refresh gave, as it is kept. Times are milliseconds of this machine's clock. */
export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** When they were asked for: the access token's life counts from here, whatever the service's clock says. */
  readonly obtainedAt: number
  /** The life of the access token, in seconds. */
  readonly expiresIn: number
  /** Tells logins apart: all tokens of one session have the same. */
  readonly login: number
  /** Rises with every login, refresh and sign-out, so that of two states the newer one is known. */
  readonly turn: number
}

/** Where tokens are kept between calls; any of the three may answer a promise. */
export interface TokenStorage {
  get(): Tokens | null | Promise<Tokens | null>
  set(tokens: Tokens): void | Promise<void>
  clear(): void | Promise<void>
  /** True for a storage that other tabs do not see, as memory and `sessionStorage`: tabs then tell each other. */
  readonly perTab?: boolean
}

/** Tokens live as long as a tab of the app is open, and no script finds them lying around. The default. */
export function memoryTokens(): TokenStorage {
  let kept: Tokens | null = null
  return {
    perTab: true,
    get: () => kept,
    set: (tokens) => {
      kept = tokens
    },
    clear: () => {
      kept = null
    },
  }
}

/** Tokens outlive the tabs, and every script of the origin can read them. In memory where the browser forbids it. */
export function localStorageTokens(key = 'latchkey'): TokenStorage {
  const memory = memoryTokens()
  return {
    get() {
      try {
        return JSON.parse(localStorage.getItem(key) ?? 'null')
      } catch {
        return memory.get()
      }
    },
    set(tokens) {
      try {
        localStorage.setItem(key, JSON.stringify(tokens))
      } catch {
        return memory.set(tokens)
      }
    },
    clear() {
      try {
        localStorage.removeItem(key)
      } catch {
        return memory.clear()
      }
    },
  }
}

/** Whether an access token will be taken, by this machine's clock; one that was set back makes every token old. */
export function isAlive({ obtainedAt, expiresIn }: Tokens, now: number): boolean {
  return now >= obtainedAt && now < obtainedAt + expiresIn * 1000
}

/** Whether it is worth a call: in the last fifth of its life, and at most ten seconds before its end, it is renewed. */
export function isFresh(tokens: Tokens, now: number): boolean {
  return isAlive(tokens, now) && isAlive(tokens, now + Math.min(10_000, tokens.expiresIn * 200))
}
