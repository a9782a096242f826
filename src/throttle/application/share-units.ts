import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { standingOf, stepOf } from '../domain/limit.ts'
import type { BucketKey } from './ports.ts'
import type { TakeUnits, Verdict, Want } from './take-units.ts'

interface Deps {
  readonly take: TakeUnits
  readonly clock: Clock
  /** How many quotas this process holds a share of. */
  readonly atMost?: number
}

/** A process's share of one quota. */
interface Share {
  /** Units given out and not settled yet, the first of them at `since`. */
  given: number
  since: number
  fullAt: Date
  settling: Promise<Verdict> | null
}

/**
 * Takes one unit of a quota, of those that this process may give out before it settles them with the others: fewer than
 * `limit.share` are ever given out and not settled. Who comes during a settlement waits for it, and is refused with it.
 *
 * What was given out is forgotten after the limit's window, for by then it would have come back; and with more quotas
 * than are remembered, of the one that was asked for longest ago.
 */
export function shareUnits({ take, clock, atMost = 10_000 }: Deps) {
  const shares = new Map<BucketKey, Share>()

  function shareOf({ key, limit }: Want): Share {
    const now = clock()
    const known = shares.get(key)
    const isOver = known && known.settling === null && now.getTime() - known.since >= limit.window * 1000
    const share = known && !isOver ? known : { given: 0, since: now.getTime(), fullAt: now, settling: null }
    shares.delete(key)
    shares.set(key, share)
    if (shares.size > atMost) shares.delete(shares.keys().next().value as BucketKey)
    return share
  }

  return async (want: Want, caller: Caller): Promise<Verdict> => {
    const { limit } = want
    const share = shareOf(want)
    while (share.settling) {
      const verdict = await share.settling
      if (!verdict.enough) return verdict
    }
    if (share.given + 1 < limit.share) {
      share.given++
      const now = clock()
      const settled = Math.max(share.fullAt.getTime(), now.getTime())
      const fullAt = new Date(settled + share.given * stepOf(limit))
      return { enough: true, standing: standingOf(limit, fullAt, now), fullAt }
    }
    share.settling = take([{ ...want, units: share.given + 1 }], caller).finally(() => {
      share.settling = null
    })
    const verdict = await share.settling
    if (verdict.enough) Object.assign(share, { given: 0, since: clock().getTime(), fullAt: verdict.fullAt })
    return verdict
  }
}
