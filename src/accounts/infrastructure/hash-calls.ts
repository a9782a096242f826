import type { Channel } from '../../platform/channel.ts'

/** What a process asks of the one that hashes for it. Each call but `leave` is answered once, under its number. */
export type HashCall =
  | { readonly kind: 'expectRoom'; readonly call: number }
  | { readonly kind: 'hash'; readonly call: number; readonly password: string }
  | { readonly kind: 'verify'; readonly call: number; readonly password: string; readonly stored: string | null }
  /** Nobody waits for the answer of that call any more. */
  | { readonly kind: 'leave'; readonly call: number }

export type HashAnswer =
  | { readonly call: number; readonly kind: 'done'; readonly value: unknown }
  | { readonly call: number; readonly kind: 'overloaded'; readonly retryAfter?: number; readonly because?: string }
  | { readonly call: number; readonly kind: 'failed'; readonly reason: string }

/** The line as who asks has it, and as who hashes has it. */
export type HashingLine = Channel<HashCall, HashAnswer>
export type HashersLine = Channel<HashAnswer, HashCall>
