import type { Audit, AuditEvent } from '../../../src/audit/index.ts'
import type { Answer, Ask } from '../../../src/throttle/application/ports.ts'
import { takeUnits } from '../../../src/throttle/application/take-units.ts'
import { type Limit, stepOf, waitFor } from '../../../src/throttle/domain/limit.ts'
import { testClock } from '../../support/clock.ts'

export const caller = { ip: '192.0.2.1', userAgent: null, requestId: 'f'.repeat(32) }

/** Units taken over one store that does what the arithmetic of the domain says, and what it was asked and told. */
export function world(atMost?: number) {
  const clock = testClock()
  const asked: string[] = []
  const told: (AuditEvent & { key: string })[] = []
  const fullAt = new Map<string, Date>()
  let fault: Error | null = null
  const buckets = {
    async take(asks: readonly Ask[], now: Date): Promise<Answer[]> {
      asked.push(asks.map(({ key, units }) => `${key}:${units}`).join('+'))
      // As over a wire: whoever comes meanwhile comes meanwhile.
      await new Promise(setImmediate)
      if (fault) throw fault
      const waits = asks.map((ask) => waitFor(ask.limit, ask.units, fullAt.get(ask.key) ?? now, now))
      const all = waits.every((wait) => wait === 0)
      return asks.map((ask, index) => {
        const before = Math.max((fullAt.get(ask.key) ?? now).getTime(), now.getTime())
        const then = new Date(before + (all ? ask.units * stepOf(ask.limit) : 0))
        fullAt.set(ask.key, then)
        return { fullAt: then, enough: waits[index] === 0 }
      })
    },
    refund: async () => undefined,
    restore: async () => false,
    purge: async () => 0,
  }
  const audit: Pick<Audit, 'noteOnce'> = {
    async noteOnce(key, event, whose) {
      told.push({ ...event, key, ...(whose && { userId: await whose() }) })
    },
  }
  return {
    ...{ clock, asked, told },
    break: (error: Error | null) => {
      fault = error
    },
    /** Makes a quota whole, as another process does. */
    giveBack: (key: string) => void fullAt.delete(key),
    take: takeUnits({ buckets, audit, clock, ...(atMost && { atMost }) }),
  }
}

export const want = (limit: Limit, key: string) => ({ limit, key, units: 1, userId: null })

export const through = (verdicts: readonly { enough: boolean }[]) => verdicts.filter(({ enough }) => enough).length
