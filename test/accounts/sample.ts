import type { User } from '../../src/accounts/domain/user.ts'
import type { Caller } from '../../src/kernel/caller.ts'
import type { EmailAddress } from '../../src/kernel/email-address.ts'
import type { SessionId, UserId } from '../../src/kernel/ids.ts'

export const now = new Date('2026-11-22T12:00:00.000Z')
export const userId = 7 as UserId
export const email = 'jane@example.com' as EmailAddress
export const user: User = { id: userId, email }
export const sessionId = '0b9f6d5e-6a3f-4c52-9d0a-0c8f5b6f2f10' as SessionId

/** A caller who stays; `gone` is the signal that would say otherwise. */
export const caller: Caller & { readonly gone: AbortSignal } = {
  ip: '192.0.2.7',
  userAgent: 'curl/8',
  requestId: '0af7651916cd43dd8448eb211c80319c',
  gone: new AbortController().signal,
}
