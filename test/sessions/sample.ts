import type { Caller } from '../../src/kernel/caller.ts'
import type { SessionId } from '../../src/kernel/ids.ts'

export { at, session } from './domain/sample.ts'

/** Another session than the sample. */
export const otherSessionId = '6f1c7c0e-3b52-4a8f-8f3e-2f9d5e7a1b20' as SessionId

export const caller: Caller = { ip: '192.0.2.7', userAgent: 'curl/8', requestId: '0af7651916cd43dd8448eb211c80319c' }
