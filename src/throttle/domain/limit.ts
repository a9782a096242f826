/** A quota that refills evenly: `quota` units at once, and a used-up quota is whole again after `window` seconds. */
export interface Limit {
  /** What it is called in the `RateLimit` headers, the log and the audit log. */
  readonly name: string
  readonly quota: number
  readonly window: number
  /**
   * How many units a process may give out before it settles them with the others: 1 where each one counts exactly. With
   * more, each process is ahead by less than that, and whoever calls now and then costs no round trip.
   */
  readonly share: number
}

/**
 * The limits of this service. By address means an IPv4 address or an IPv6 network of 64 bits; a pair is an account and
 * an address. Accounts are named by what was typed, so that an unknown one is treated like a known one.
 */
export const limits = {
  register: { name: 'register', quota: 100, window: 3600, share: 1 },
  login: { name: 'login', quota: 120, window: 120, share: 1 },
  /** One device that guesses at one account: ten tries, then one a minute. */
  loginPair: { name: 'login-pair', quota: 10, window: 600, share: 1 },
  /** All who guess at one account from where nobody ever logged in to it: twenty tries, then one in nine minutes. */
  loginElsewhere: { name: 'login-elsewhere', quota: 20, window: 10_800, share: 1 },
  refresh: { name: 'refresh', quota: 600, window: 60, share: 10 },
  refreshAccount: { name: 'refresh-account', quota: 300, window: 60, share: 10 },
  password: { name: 'password', quota: 10, window: 600, share: 1 },
} as const satisfies Record<string, Limit>

/** Where somebody stands with a limit, in the terms of the `RateLimit` headers; times are whole seconds, rounded up. */
export interface Standing {
  readonly remaining: number
  /** Until the quota is whole again. */
  readonly resetAfter: number
}

/** How long one unit takes to come back, in milliseconds. */
export const stepOf = ({ quota, window }: Limit): number => (window * 1000) / quota

/** @param fullAt when the quota is whole again (the theoretical arrival time of the GCRA). */
export function standingOf(limit: Limit, fullAt: Date, now: Date): Standing {
  const missing = Math.max(0, fullAt.getTime() - now.getTime())
  return {
    remaining: Math.max(0, Math.floor((limit.window * 1000 - missing) / stepOf(limit))),
    resetAfter: Math.ceil(missing / 1000),
  }
}

/** After how many milliseconds `units` can be taken from a quota that is whole again at `fullAt`; 0 when now. */
export function waitFor(limit: Limit, units: number, fullAt: Date, now: Date): number {
  const missing = Math.max(0, fullAt.getTime() - now.getTime())
  return Math.max(0, missing + units * stepOf(limit) - limit.window * 1000)
}
