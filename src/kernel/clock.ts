/** The present moment. A rule takes a `Date`; only use cases and adapters hold a `Clock`. */
export type Clock = () => Date

/** A moment in whole seconds since the epoch, rounded down: the NumericDate of RFC 7519, section 2. */
export const epochSeconds = (moment: Date): number => Math.floor(moment.getTime() / 1000)
