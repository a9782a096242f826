import type { Caller } from '../../kernel/caller.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { planRotation } from '../domain/key-schedule.ts'
import { applyPlan, type RotationDeps } from './rotate-keys.ts'

/**
 * Withdraws a compromised key at once: it leaves the JWKS, and tokens that it signed are refused here from now on. If
 * it was the one that signs, its successor signs immediately, or a new key where none was announced. Sessions live on:
 * their refresh tokens are under another key, and the next refresh gives an access token under the new one.
 *
 * @throws Refusal not_found when there is no such key.
 */
export const withdrawKey = (deps: RotationDeps) => {
  const { keys, maker, audit, transact, clock, schedule, algorithm } = deps
  return async (kid: string, operator: Caller | null = null): Promise<void> => {
    const made = await maker.generate(algorithm)
    const found = await transact(async (transaction) => {
      const stored = await keys.lock(transaction)
      if (!stored.some((key) => key.kid === kid)) return false
      const now = clock()
      await keys.remove(transaction, [kid])
      const event = { at: now, userId: null, sessionId: null, caller: operator, subject: kid }
      await audit.record(transaction, { kind: 'key_withdrawn', ...event })
      const left = stored.filter((key) => key.kid !== kid)
      await applyPlan(deps, transaction, planRotation(left, now, schedule, algorithm), made, operator)
      return true
    })
    if (!found) throw new Refusal('not_found', { because: 'no signing key has this kid' })
  }
}
