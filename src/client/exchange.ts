import { type Call, withMembers } from './call.ts'
import { Refused } from './refused.ts'
import { type TokenAnswer, tokenMembers } from './tokens.ts'

// Where its policy is to repeat, the service gives a lost answer again for ten seconds; later it ends the session. So
// no attempt begins after that. An answer that is only slow is waited for, for where the policy is to refuse it is lost.
const attemptMs = 8_000
const lastAttemptMs = 9_000
const attempts = 3

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Trades a refresh token for its successor, and tries again when the service cannot be reached or is too busy. */
export const createExchange =
  (call: Call, now: () => number) =>
  async (token: string): Promise<{ answer: TokenAnswer; askedAt: number }> => {
    const begun = performance.now()
    for (let attempt = 1; ; attempt++) {
      const askedAt = now()
      try {
        const answer = await call('POST /api/v1/auth/refresh', { token, patience: attemptMs })
        return { answer: withMembers(answer, tokenMembers), askedAt }
      } catch (failure) {
        const wait = pauseAfter(attempt, failure)
        if (attempt === attempts || performance.now() - begun + wait > lastAttemptMs) throw failure
        await sleep(wait)
      }
    }
  }

/** For how many milliseconds to wait before the next attempt; for ever when no further one would help. */
function pauseAfter(attempt: number, failure: unknown): number {
  const backoff = 250 * 2 ** attempt * (0.5 + Math.random() / 2)
  if (!(failure instanceof Refused)) return backoff
  const { status, retryAfter = 0 } = failure
  const passes = status >= 500 || status === 429 || status === 408
  return passes ? Math.max(backoff, retryAfter * 1000) : Number.POSITIVE_INFINITY
}
