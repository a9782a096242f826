import type { Audit } from '../../audit/index.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Transact, Transaction } from '../../kernel/transact.ts'
import { isIdle, type KeySchedule, planRotation, type RotationPlan } from '../domain/key-schedule.ts'
import type { Algorithm } from '../domain/signing-key.ts'
import type { KeyMaker, KeyStore, StoredKey, Vault } from './ports.ts'

export interface RotationDeps {
  readonly keys: KeyStore
  readonly vault: Vault
  readonly maker: KeyMaker
  readonly audit: Audit
  readonly transact: Transact
  readonly clock: Clock
  readonly schedule: KeySchedule
  readonly algorithm: Algorithm
}

/**
 * Does what the schedule asks for, if anything. Of any number of replicas exactly one does it: whoever comes later
 * waits for the lock, looks again, and finds it done.
 *
 * @param hurry makes the successor of the active key now, whatever the schedule says.
 * @param operator who wants it so; null where the schedule does.
 * @returns whether anything changed.
 */
export const rotateKeys = (deps: RotationDeps) => {
  const { keys, maker, transact, clock, schedule, algorithm } = deps
  return async (hurry = false, operator: Caller | null = null): Promise<boolean> => {
    // The first look takes no lock: nearly always there is nothing to do.
    if (isIdle(planRotation(await keys.list(), clock(), schedule, algorithm, hurry))) return false
    const made = await maker.generate(algorithm)
    return transact(async (transaction) => {
      const plan = planRotation(await keys.lock(transaction), clock(), schedule, algorithm, hurry)
      await applyPlan(deps, transaction, plan, made, operator)
      return !isIdle(plan)
    })
  }
}

/** Writes a plan down under the lock. `made` is the key that is inserted when the plan wants one. */
export async function applyPlan(
  { keys, vault, audit, clock }: RotationDeps,
  transaction: Transaction,
  plan: RotationPlan,
  made: Awaited<ReturnType<KeyMaker['generate']>>,
  operator: Caller | null = null,
): Promise<void> {
  const now = clock()
  const note = (kind: 'key_created' | 'key_removed', subject: string) =>
    audit.record(transaction, { kind, at: now, userId: null, sessionId: null, caller: operator, subject })

  await keys.remove(transaction, plan.remove)
  for (const kid of plan.remove) await note('key_removed', kid)
  for (const { kid, retiresAt } of plan.retire) await keys.reschedule(transaction, kid, { retiresAt })
  if (plan.activate) await keys.reschedule(transaction, plan.activate.kid, { activatesAt: plan.activate.activatesAt })
  if (!plan.create) return
  const { privateKey, ...publicHalf } = made
  const key: StoredKey = {
    ...publicHalf,
    createdAt: now,
    activatesAt: plan.create.activatesAt,
    retiresAt: null,
    sealedPrivateKey: vault.seal(privateKey, made.kid),
  }
  await keys.insert(transaction, key)
  await note('key_created', key.kid)
}
