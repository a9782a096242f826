import type { RefusalCode } from './api-types.ts'
import type { TokenStorage, Tokens } from './tokens.ts'

/** Why somebody is signed out: by their own wish, or by what the service said of the refresh token. */
export type SignOutReason = 'logged_out' | RefusalCode

export type AuthEvent =
  | { readonly kind: 'signed_in' }
  | { readonly kind: 'refreshed' }
  | { readonly kind: 'signed_out'; readonly because: SignOutReason }

/** What one tab knows of the tokens, and tells the others. */
export interface State {
  readonly turn: number
  readonly tokens: Tokens | null
  readonly because?: SignOutReason
}

export interface TokenState {
  known(): State
  /** Makes a state the known one, and tells the app what has changed. */
  adopt(state: State): void
  /** Adopts what another tab tells, if it is news; answers whether it was. */
  hear(state: State): boolean
  /** Adopts what was there when the tab opened, which is no change. */
  begin(tokens: Tokens | null): void
  write(state: State): Promise<void>
  /** Settles when nothing is being written, however that went. */
  written(): Promise<unknown>
}

/** What one tab knows, in memory, and the writing of it to the storage. */
export function createState(storage: TokenStorage, emit: (event: AuthEvent) => void): TokenState {
  let known: State = { turn: 0, tokens: null }
  let begun = false
  let writing: Promise<void> = Promise.resolve()

  function adopt(state: State): void {
    // Who has read nothing yet may show somebody all the same, and has to hear of a sign-out.
    if (state.tokens || known.tokens || !begun) emit(eventOf(known.tokens, state))
    known = state
  }

  const written = () => writing.catch(() => {})

  /** One after another, for a slow storage could end with the older of two states. */
  function write({ tokens }: State): Promise<void> {
    writing = written().then(() => (tokens ? storage.set(tokens) : storage.clear()))
    return writing
  }

  return {
    known: () => known,
    adopt,
    hear(state) {
      if (!(state.turn > known.turn)) return false
      adopt(state)
      // A storage that all share has been written by the tab that tells, perhaps newer than what is told.
      if (storage.perTab) write(state).catch(() => {})
      return true
    },
    begin(tokens) {
      begun = true
      if (tokens && tokens.turn > known.turn) known = { turn: tokens.turn, tokens }
    },
    write,
    written,
  }
}

function eventOf(before: Tokens | null, { tokens, because = 'logged_out' }: State): AuthEvent {
  if (!tokens) return { kind: 'signed_out', because }
  return { kind: before?.login === tokens.login ? 'refreshed' : 'signed_in' }
}
