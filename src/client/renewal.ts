import type { RefusalCode } from './api-types.ts'
import type { Call } from './call.ts'
import { createExchange, sleep } from './exchange.ts'
import { isTokenRefusal, Refused } from './refused.ts'
import type { Tabs } from './tabs.ts'
import type { TokenKeeper } from './token-keeper.ts'
import { isAlive, isFresh, type TokenStorage, type Tokens } from './tokens.ts'

interface Deps {
  readonly keeper: TokenKeeper
  readonly tabs: Tabs
  readonly storage: TokenStorage
  readonly call: Call
  readonly now: () => number
}

export interface Renewal {
  /** Tokens whose access token is worth a call, renewed where they must be; null for who is signed out. */
  fresh(): Promise<Tokens | null>
  /** Says that a service did not take an access token: it is renewed before anything else is sent with it. */
  refuse(accessToken: string): void
}

/** Renews the tokens before their end: once, however many calls of however many tabs wait for it. */
export function createRenewal(deps: Deps): Renewal {
  const { keeper, tabs, call, now } = deps
  const exchange = createExchange(call, now)
  let flight: Promise<Tokens | null> | undefined
  let refused: string | undefined
  let hold = holdOff(null, 0, now)

  const isGood = (tokens: Tokens) => tokens.accessToken !== refused && isFresh(tokens, now())

  async function renew(): Promise<Tokens | null> {
    const tokens = await newest(deps)
    if (!tokens || isGood(tokens)) return tokens
    try {
      const { answer, askedAt } = await exchange(tokens.refreshToken)
      const meanwhile = await keeper.read()
      // Somebody logged in or out, or another holder of these tokens was given the same successor: that stands.
      return meanwhile?.turn === tokens.turn ? await keeper.keep(answer, askedAt, tokens) : meanwhile
    } catch (failure) {
      const { code, retryAfter = 1 } = failure instanceof Refused ? failure : {}
      if (isTokenRefusal(code) || code === 'refresh_token_reused') return settle(tokens, code, deps)
      hold = holdOff(failure, retryAfter * 1000, now)
      throw failure
    }
  }

  async function fresh(): Promise<Tokens | null> {
    const tokens = await keeper.read()
    if (!tokens || isGood(tokens)) return tokens
    try {
      hold()
      flight ??= tabs.exclusively(renew).finally(() => {
        flight = undefined
      })
      return await flight
    } catch (failure) {
      // Renewal is early: what cannot be renewed yet is good to its end.
      if (tokens.accessToken !== refused && isAlive(tokens, now())) return tokens
      throw failure
    }
  }

  return {
    fresh,
    refuse(accessToken) {
      refused = accessToken
    },
  }
}

/** Throws the failure once more to whoever comes before its time is over. */
function holdOff(failure: unknown, ms: number, now: () => number): () => void {
  const since = now()
  return () => {
    const waited = now() - since
    if (waited >= 0 && waited < ms) throw failure
  }
}

/** What is kept, once all that other tabs told is heard; a tab that slept asks them too, for it may have missed it. */
async function newest({ keeper, tabs, storage, now }: Deps): Promise<Tokens | null> {
  await tabs.flush()
  const tokens = await keeper.read()
  if (!storage.perTab || !tokens || isAlive(tokens, now())) return tokens
  await tabs.ask()
  return keeper.read()
}

/** The service does not take the refresh token: either somebody else has its successor, or the session is over. */
async function settle(
  { turn, refreshToken }: Tokens,
  code: RefusalCode,
  { keeper, tabs, call }: Deps,
): Promise<Tokens | null> {
  const raced = code === 'refresh_token_reused'
  if (raced) await tabs.ask()
  // Without locks another holder may still wait for the answer that bears the successor.
  const patience = tabs.exclusive ? 500 : 8_000
  for (let waited = 0; ; waited += 100) {
    const tokens = await keeper.read()
    if (tokens?.turn !== turn) return tokens
    if (!raced || waited >= patience) break
    await sleep(100)
  }
  await keeper.drop(code)
  // Nobody here has the successor: it got lost, or somebody stole the token. The session must not live on for them.
  if (raced && tabs.exclusive)
    call('POST /api/v1/auth/logout', { token: refreshToken, keepalive: true }).catch(() => {})
  return null
}
