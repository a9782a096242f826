import type { Listener, Tabs } from './tabs.ts'
import { type AuthEvent, createState, type SignOutReason, type State } from './token-state.ts'
import type { TokenAnswer, TokenStorage, Tokens } from './tokens.ts'

export interface TokenKeeper {
  /** The newest tokens that this tab, its storage or another tab knows of. */
  read(): Promise<Tokens | null>
  /** Keeps what a login gave, or a refresh of `before`. */
  keep(answer: TokenAnswer, askedAt: number, before?: Tokens): Promise<Tokens>
  drop(because: SignOutReason): Promise<void>
}

interface Deps {
  readonly storage: TokenStorage
  readonly now: () => number
  readonly emit: (event: AuthEvent) => void
  /** Given what to do with what other tabs tell. */
  readonly openTabs: (listener: Listener) => Tabs
}

/** Holds the one truth about the tokens: its own, the storage's and the other tabs', whichever is the newest. */
export function keepTokens({ storage, now, emit, openTabs }: Deps): TokenKeeper & { readonly tabs: Tabs } {
  const state = createState(storage, emit)
  const { known, adopt } = state
  const tabs = openTabs(state)
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    state.begin(await storage.get())
    if (storage.perTab) await tabs.ask()
  }

  async function read(): Promise<Tokens | null> {
    loading ??= load()
    await loading
    if (storage.perTab) return known().tokens
    await state.written()
    const before = known()
    const tokens = await storage.get()
    if (known() !== before) return known().tokens
    if (tokens && tokens.turn > before.turn) adopt({ turn: tokens.turn, tokens })
    // Between tabs a storage may lag behind what was told.
    if (!tokens && before.tokens && !tabs.connected) adopt({ turn: before.turn, tokens })
    return known().tokens
  }

  async function put(next: State): Promise<void> {
    // Nothing older matters any more.
    loading ??= Promise.resolve()
    adopt(next)
    tabs.tell(next)
    await state.write(next)
    // Whoever is let in next has then been told.
    await tabs.flush()
  }

  const nextTurn = () => Math.max(now(), known().turn + 1)

  return {
    tabs,
    read,
    async keep(answer, askedAt, before) {
      const turn = nextTurn()
      const tokens = tokensOf(answer, { obtainedAt: askedAt, login: before?.login ?? turn, turn })
      await put({ turn, tokens })
      return tokens
    },
    drop: (because) => put({ turn: nextTurn(), tokens: null, because }),
  }
}

const tokensOf = (answer: TokenAnswer, origin: Pick<Tokens, 'obtainedAt' | 'login' | 'turn'>): Tokens => ({
  accessToken: answer.access_token,
  refreshToken: answer.refresh_token,
  expiresIn: answer.expires_in,
  ...origin,
})
